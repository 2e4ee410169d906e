-- DERMS's history: transitions are append-only and sealed, and every state change requires one.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON derms_transition
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON derms_transition REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON derms_event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('derms_transition', 'event_id');
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON derms_stage
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('derms_transition', 'stage_id');
