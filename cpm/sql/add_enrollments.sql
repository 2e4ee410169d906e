-- Adds the records of the subscriptions that a file brought in, once DERMS has answered about all of their devices, and
-- counts them.
WITH added AS (
INSERT INTO cpm_enrollment (customer_id, location_id, program_id, subscription_id, applied_at, state, reason, changed_at,
                            answers)
SELECT u.customer_id, u.location_id, u.program_id, u.id, u.starts_at, s.state, s.reason, u.starts_at, coalesce(u.answers, '[]')
  FROM cpm_standings s JOIN cpm_subscription u ON u.id = s.subscription_id
 WHERE s.state IN ('Registered', 'Error') AND u.ends_at IS NULL
   AND NOT EXISTS (SELECT FROM cpm_enrollment e WHERE e.subscription_id = u.id)
    {unless_there}
RETURNING state)
SELECT '', state, count(*) FROM added GROUP BY state ORDER BY state
