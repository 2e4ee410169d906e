-- Who wrote the plan of an event before one of its revisions, and may not approve it: who created it, edited it ever, or
-- submitted it since it was last New. Used by the four-eyes rule, by the trigger below and by invariant I10.
CREATE FUNCTION derms_writers(event bigint, before integer) RETURNS TABLE (username text, did text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT t.by::text,
           CASE WHEN t.to_state = 'Submitted' THEN 'submitted' WHEN t.from_state = '' THEN 'wrote' ELSE 'edited' END
      FROM derms_transition t
     WHERE t.event_id = event AND t.stage_id IS NULL AND t.revision < before
       AND t.from_state <> 'Submitted' AND t.to_state IN ('New', 'Submitted')
       AND (t.to_state = 'New' OR NOT EXISTS (
               SELECT FROM derms_transition n
                WHERE n.event_id = event AND n.stage_id IS NULL AND n.to_state = 'New'
                  AND n.revision > t.revision AND n.revision < before))
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
