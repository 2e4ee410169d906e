-- Meters that people make, change or exchange. Rows that a file writes have no author: the file's run is their history.
CREATE TRIGGER record_addition AFTER INSERT ON cpm_meter FOR EACH ROW WHEN (NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'meter',
        '$1->>''id''',
        '$1->>''number''',
        '''''',
        '',
        'location_id');
CREATE TRIGGER record_change AFTER UPDATE ON cpm_meter FOR EACH ROW WHEN (NEW.version <> OLD.version AND NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'meter',
        '$1->>''id''',
        '$1->>''number''',
        '''''',
        '',
        'location_id');
CREATE TRIGGER record_removal AFTER DELETE ON cpm_meter FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'meter',
        '$1->>''id''',
        '$1->>''number''',
        '''''',
        '',
        'location_id');
