-- Whose public holidays the utility keeps, and the dates of its own; the country's are those of a published list.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON cpm_holidaycalendar FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'holiday calendar',
        '$1->>''id''',
        '$1->>''country''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE ON cpm_holiday FOR EACH ROW WHEN (NEW.is_own)
    EXECUTE FUNCTION gridcall_record_change(
        'holiday',
        '$1->>''id''',
        '$1->>''day''',
        '''''',
        '',
        'is_own');
CREATE TRIGGER record_removal AFTER DELETE ON cpm_holiday FOR EACH ROW WHEN (OLD.is_own)
    EXECUTE FUNCTION gridcall_record_change(
        'holiday',
        '$1->>''id''',
        '$1->>''day''',
        '''''',
        '',
        'is_own');
