-- Devices that were called although LEC had accepted their removal, or although their opt-out was confirmed; and confirmed
-- opt-outs that a head end has not read, so that its devices may begin.
WITH gone AS (
    SELECT stage_uid, head_end, nic_id, format('%%s at %%s (%%s)', answer, at, reason) AS how,
           CASE answer WHEN 'removed' THEN '-infinity' ELSE at END AS since
      FROM lec_sim_removal WHERE has_left
     UNION ALL
    SELECT stage_uid, head_end, nic_id, format('although its opt-out was confirmed at %%s', answered_at), '-infinity'
      FROM cpm_removal WHERE reason = 'opt-out' AND answer = 'confirmed')
SELECT s.event_number || ' stage ' || s.stage_number || ', ' || gone.head_end || '/' || gone.nic_id,
       format('called at %%s, %%s', c.called_at, gone.how)
  FROM gone
  JOIN lec_sim_lecstage s ON s.stage_uid = gone.stage_uid
  JOIN lec_call c ON c.stage_id = s.id AND c.head_end = gone.head_end AND c.nic_id = gone.nic_id
 WHERE c.called_at > gone.since
UNION ALL
SELECT p.event_number || ' stage ' || p.stage_number || ', ' || m.head_end || '/' || m.nic_id,
       format('its opt-out was confirmed at %%s, and to LEC it is %%s', m.answered_at, r.answer)
  FROM cpm_removal m
  JOIN lec_sim_removal r ON r.stage_uid = m.stage_uid AND r.head_end = m.head_end AND r.nic_id = m.nic_id
  JOIN cpm_programevent p ON p.stage_uid = m.stage_uid
 WHERE m.reason = 'opt-out' AND m.answer = 'confirmed' AND r.answer IN ('pending', 'unconfirmed')
