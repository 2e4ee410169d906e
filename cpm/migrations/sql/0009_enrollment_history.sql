-- The history of enrollments; and a record for each subscription that DERMS has answered.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_enrollmenttransition
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON cpm_enrollmenttransition REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON cpm_enrollment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('cpm_enrollmenttransition', 'enrollment_id');

INSERT INTO cpm_enrollment (customer_id, location_id, program_id, subscription_id, applied_at, state, reason, changed_at)
SELECT u.customer_id, u.location_id, u.program_id, u.id, u.starts_at,
       CASE WHEN bool_or(sd.answer = 'Error') THEN 'Error'
            WHEN bool_and(sd.answer = 'Registered') THEN 'Registered'
            ELSE 'Registering' END,
       coalesce(string_agg(DISTINCT sd.error, chr(10)) FILTER (WHERE sd.answer = 'Error'), ''), u.starts_at
  FROM cpm_subscription u
  JOIN cpm_subscribeddevice sd ON sd.subscription_id = u.id
  JOIN cpm_device d ON d.id = sd.device_id AND d.ended_at IS NULL
 WHERE u.ends_at IS NULL
 GROUP BY u.id;
