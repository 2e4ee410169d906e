-- Subscriptions whose enrollment says otherwise, or has no record; devices that DERMS has in a program and CPM has not, or
-- the other way round, if no answer is awaited.
WITH facts AS (
    SELECT sd.answer, u.id AS subscription_id, d.head_end, d.nic_id, p.code AS program,
           u.ends_at IS NULL AND d.ended_at IS NULL AS takes_part,
           u.ends_at IS NOT NULL AS is_over, d.ended_at IS NULL OR d.ended_at >= u.ends_at AS counts
      FROM cpm_subscribeddevice sd
      JOIN cpm_subscription u ON u.id = sd.subscription_id
      JOIN cpm_program p ON p.id = u.program_id
      JOIN cpm_device d ON d.id = sd.device_id),
standings AS (
    SELECT subscription_id, program, bool_or(is_over) AS is_over, bool_or(answer = 'Pending') AS awaits,
           bool_or(answer = 'Error') AS failed
      FROM facts WHERE counts GROUP BY subscription_id, program),
cpm AS (
    SELECT head_end, nic_id, program, bool_or(takes_part AND answer = 'Registered') AS has_it,
           bool_or(answer IN ('Pending', 'Error')) AS is_unsure
      FROM facts GROUP BY head_end, nic_id, program),
derms AS (
    SELECT h.code AS head_end, d.nic_id, p.code AS program
      FROM derms_enrollment e
      JOIN derms_device d ON d.id = e.device_id
      JOIN derms_headend h ON h.id = d.head_end_id
      JOIN derms_program p ON p.id = e.program_id
     WHERE e.ends_at IS NULL)
SELECT s.program || ' subscription ' || s.subscription_id,
       CASE WHEN e.id IS NULL THEN 'has no enrollment'
            ELSE format('its enrollment is %%s, and it is %%s', e.state, CASE WHEN s.is_over THEN 'over' ELSE 'open' END)
       END
  FROM standings s LEFT JOIN cpm_enrollment e ON e.subscription_id = s.subscription_id
 -- Subscriptions that ended before there were records have none; a file's begins with DERMS's answer.
 WHERE CASE WHEN e.id IS NULL THEN NOT s.is_over AND NOT s.awaits
            WHEN s.awaits OR s.failed THEN (e.state IN ('Deregistering', 'Deregistered', 'Canceled')) AND NOT s.is_over
            ELSE e.state <> CASE WHEN s.is_over THEN 'Deregistered' ELSE 'Registered' END END
 UNION ALL
SELECT program || ' ' || head_end || '/' || nic_id,
       CASE WHEN derms.nic_id IS NULL THEN 'CPM has it as Registered, DERMS does not have it in the program'
            ELSE 'DERMS has it in the program, CPM does not' END
  FROM cpm FULL JOIN derms USING (head_end, nic_id, program)
 WHERE NOT coalesce(cpm.is_unsure, false) AND coalesce(cpm.has_it, false) <> (derms.nic_id IS NOT NULL)
