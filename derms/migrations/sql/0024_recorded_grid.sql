-- Parts of the grid are recorded as zones are. Rows that a file adds have no author: the file's run is their history.
CREATE TRIGGER record_addition AFTER INSERT ON derms_substation FOR EACH ROW WHEN (NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'substation',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER UPDATE OR DELETE ON derms_substation FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'substation',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
CREATE TRIGGER record_addition AFTER INSERT ON derms_feeder FOR EACH ROW WHEN (NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'feeder',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER UPDATE OR DELETE ON derms_feeder FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'feeder',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
CREATE TRIGGER record_addition AFTER INSERT ON derms_transformer FOR EACH ROW WHEN (NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'transformer',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER UPDATE OR DELETE ON derms_transformer FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'transformer',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
CREATE TRIGGER record_addition AFTER INSERT ON derms_headend FOR EACH ROW WHEN (NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'head end system',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER UPDATE OR DELETE ON derms_headend FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'head end system',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
