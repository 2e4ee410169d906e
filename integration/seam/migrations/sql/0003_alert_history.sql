CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON integration_alertchange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON integration_alertchange REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
