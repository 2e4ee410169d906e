-- Devices that were called although LEC had accepted their removal, or although their opt-out was confirmed.
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
