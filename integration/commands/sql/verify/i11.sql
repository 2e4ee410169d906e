-- Stages that ran and called fewer devices than were reserved, less those that had left before; or DERMS counts otherwise.
WITH ran AS (
    SELECT s.*, s.reserved - s.called
               - (SELECT count(*) FROM lec_sim_removal m
                    JOIN lec_reservation r ON r.stage_id = s.id AND r.head_end = m.head_end AND r.nic_id = m.nic_id
                   WHERE m.stage_uid = s.stage_uid AND m.has_left
                     AND NOT EXISTS (SELECT FROM lec_call c
                                      WHERE c.stage_id = s.id AND c.head_end = m.head_end AND c.nic_id = m.nic_id))
               AS missing
      FROM lec_sim_lecstage s
     WHERE s.state = 'Completed' OR (s.state = 'In Progress' AND s.calls_made_at IS NOT NULL))
SELECT event_number || ' stage ' || stage_number,
       format('%%s of %%s reserved devices were not called, and nothing says why', missing, reserved)
  FROM ran
 WHERE missing > 0
 UNION ALL
SELECT ran.event_number || ' stage ' || ran.stage_number, format('LEC called %%s devices; DERMS: %%s', ran.called, d.called)
  FROM ran
  JOIN derms_stage d ON d.uid = ran.stage_uid
 WHERE ran.state = 'Completed' AND d.state = 'Completed' AND d.called <> ran.called
