-- Saved mappings are set up by people.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON importing_savedmapping FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'saved mapping',
        '$1->>''id''',
        '$1->>''name''',
        '''''',
        '',
        '');
