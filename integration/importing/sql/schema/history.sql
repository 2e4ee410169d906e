-- What came of each imported file is history.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON importing_importrecord
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON importing_importrecord REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
-- Saved mappings are set up by people.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON importing_savedmapping FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'saved mapping',
        '$1->>''id''',
        '$1->>''name''',
        '''''',
        '',
        '');
