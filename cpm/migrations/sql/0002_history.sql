-- CPM's history: transitions and changes are only added and sealed; every change of a program event's state needs one.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_transition
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_participationchange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_programchange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_programtypechange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_unavailabilitychange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON cpm_transition REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
CREATE TRIGGER write_seals AFTER INSERT ON cpm_participationchange REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON cpm_programevent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('cpm_transition', 'program_event_id');
