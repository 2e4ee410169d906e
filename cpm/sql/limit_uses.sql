-- The most that any device has used of a program's limits in each period, and how many devices have none left: by the time
-- that stages ran, or will; one that was canceled ran until CPM heard of it. As DERMS counts: derms/sql/candidates.sql.
WITH ran AS (
    SELECT e.id, e.stage_uid, e.event_uid, coalesce(e.started_at, e.starts_at) AS ran_from,
           least(e.ends_at, (SELECT min(at) FROM cpm_transition t
                              WHERE t.program_event_id = e.id AND t.to_state = 'Canceled')) AS ran_until
      FROM cpm_programevent e
     WHERE e.id = ANY(%(events)s::bigint[])),
gone AS (
    SELECT ran.id, d.id AS device_id, CASE WHEN m.answer = 'released' THEN m.answered_at END AS released_at
      FROM ran
      JOIN cpm_removal m ON m.stage_uid = ran.stage_uid AND m.answer IN ('removed', 'released')
      JOIN cpm_device d ON d.head_end = m.head_end AND d.nic_id = m.nic_id),
past AS (
    SELECT p.device_id, ran.event_uid, ran.ran_from,
           greatest(extract(epoch FROM least(ran.ran_until, gone.released_at) - ran.ran_from), 0) / 3600 AS hours
      FROM cpm_participation p
      JOIN ran ON ran.id = p.program_event_id
      LEFT JOIN gone ON gone.id = p.program_event_id AND gone.device_id = p.device_id
     WHERE p.program_event_id = ANY(%(events)s::bigint[])
       AND (gone.device_id IS NULL OR gone.released_at IS NOT NULL)),
use AS (
    SELECT device_id{uses}
      FROM past GROUP BY device_id)
SELECT {most} FROM use
