-- What came of each imported file is history.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON importing_importrecord
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON importing_importrecord REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
