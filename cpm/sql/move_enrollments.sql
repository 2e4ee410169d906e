-- Leads enrollments to what DERMS's answers in a file make of them, each with its row of history, and counts them.
WITH moving AS MATERIALIZED (
    SELECT e.id, e.state AS was, s.state, s.reason, greatest(%(now)s, e.changed_at) AS at
      FROM cpm_standings s JOIN cpm_enrollment e ON e.subscription_id = s.subscription_id
     WHERE s.state IN ('Registered', 'Error') AND e.state IN ('Registering', 'Registered', 'Error') AND e.state <> s.state
     ORDER BY e.id FOR NO KEY UPDATE OF e),
moved AS (
    UPDATE cpm_enrollment e SET state = m.state, reason = m.reason, revision = e.revision + 1, changed_at = m.at
      FROM moving m
     WHERE e.id = m.id
 RETURNING e.id, e.revision, m.was, m.state, m.reason, m.at),
noted AS (
    INSERT INTO cpm_enrollmenttransition (enrollment_id, revision, from_state, to_state, at, by, why)
    SELECT id, revision, was, state, at, 'DERMS', reason FROM moved)
SELECT was, state, count(*) FROM moved GROUP BY was, state ORDER BY was, state
