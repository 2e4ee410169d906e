-- Devices that were called although LEC had accepted their removal, or although their opt-out was confirmed.
SELECT s.event_number || ' stage ' || s.stage_number || ', ' || m.head_end || '/' || m.nic_id,
       format('called at %%s, %%s at %%s (%%s)', c.called_at, m.answer, m.at, m.reason)
  FROM lec_sim_removal m
  JOIN lec_sim_lecstage s ON s.stage_uid = m.stage_uid
  JOIN lec_call c ON c.stage_id = s.id AND c.head_end = m.head_end AND c.nic_id = m.nic_id
 WHERE m.answer = 'removed' OR (m.answer = 'released' AND c.called_at > m.at)
 UNION ALL
SELECT s.event_number || ' stage ' || s.stage_number || ', ' || m.head_end || '/' || m.nic_id,
       format('called at %%s, although its opt-out was confirmed at %%s', c.called_at, m.answered_at)
  FROM cpm_removal m
  JOIN lec_sim_lecstage s ON s.stage_uid = m.stage_uid
  JOIN lec_call c ON c.stage_id = s.id AND c.head_end = m.head_end AND c.nic_id = m.nic_id
 WHERE m.reason = 'opt-out' AND m.answer = 'confirmed'
