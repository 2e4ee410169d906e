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

-- Who wrote the plan of an event before one of its revisions, and may not approve it: who created it, edited it ever, or
-- submitted it since it was last New. Behind a service account stand people: since the event began, who owned it and who
-- had its secret. Used by the four-eyes rule, by the trigger below and by invariant I10.
CREATE FUNCTION derms_writers(event bigint, before integer) RETURNS TABLE (username text, did text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH own AS (
        SELECT t.by::text,
               CASE WHEN t.to_state = 'Submitted' THEN 'submitted' WHEN t.from_state = '' THEN 'wrote' ELSE 'edited' END
                   AS did
          FROM derms_transition t
         WHERE t.event_id = event AND t.stage_id IS NULL AND t.revision < before
           AND t.from_state <> 'Submitted' AND t.to_state IN ('New', 'Submitted')
           AND (t.to_state = 'New' OR NOT EXISTS (
                   SELECT FROM derms_transition n
                    WHERE n.event_id = event AND n.stage_id IS NULL AND n.to_state = 'New'
                      AND n.revision > t.revision AND n.revision < before)))
    SELECT by, did FROM own
    UNION
    SELECT p, own.did FROM own CROSS JOIN LATERAL gridcall_people_behind(
               own.by, (SELECT min(t.at) FROM derms_transition t WHERE t.event_id = event)) p
     WHERE own.by LIKE 'service account %'
$$;
CREATE FUNCTION derms_require_another_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The history row of this revision is written after the event.
    IF EXISTS (SELECT FROM derms_writers(NEW.id, NEW.revision + 1) w JOIN config_user u ON u.username = w.username
                WHERE u.id IN (NEW.approver_id, NEW.balance_authority_approver_id)) THEN
        RAISE EXCEPTION 'Event % is approved by a person who wrote, edited or submitted it.', NEW.number
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approved_by_another_person BEFORE UPDATE OF approver_id, balance_authority_approver_id ON derms_event
    FOR EACH ROW WHEN (NEW.approver_id IS DISTINCT FROM OLD.approver_id
                       OR NEW.balance_authority_approver_id IS DISTINCT FROM OLD.balance_authority_approver_id)
    EXECUTE FUNCTION derms_require_another_person();
-- What people set up is recorded.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_eventtype FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'event type',
        '$1->>''category''',
        '$1->>''category''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_dergroup FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'DER group',
        '$1->>''id''',
        '$1->>''name''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_controlzone FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'control zone',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_strategy FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'strategy',
        '$1->>''id''',
        '$1->>''name''',
        '''''',
        '',
        'uid');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_strategystage FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'strategy',
        '$1->>''strategy_id''',
        '(SELECT name FROM derms_strategy WHERE id = ($1->>''strategy_id'')::bigint)',
        '''stage '' || ($1->>''number'')',
        '',
        'strategy_id,number');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_strategystage_der_groups FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'strategy',
        '(SELECT t.id FROM derms_strategystage s JOIN derms_strategy t ON t.id = s.strategy_id WHERE s.id = ($1->>''strategystage_id'')::bigint)',
        '(SELECT t.name FROM derms_strategystage s JOIN derms_strategy t ON t.id = s.strategy_id WHERE s.id = ($1->>''strategystage_id'')::bigint)',
        '''stage '' || (SELECT number FROM derms_strategystage WHERE id = ($1->>''strategystage_id'')::bigint) || '', DER group '' || (SELECT name FROM derms_dergroup WHERE id = ($1->>''dergroup_id'')::bigint)',
        '',
        'strategystage_id,dergroup_id');
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
