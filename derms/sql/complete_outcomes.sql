-- Adds an outcome for each reserved device of a stage that has none: canceled if it had left, else no response.
INSERT INTO derms_outcome (stage_id, device_id, code, started_at, ended_at, reduction_w, error)
SELECT r.stage_id, r.device_id, CASE WHEN m.id IS NULL THEN %(no_response)s ELSE %(canceled)s END, NULL, NULL, 0,
       coalesce(m.reason, 'no outcome received')
  FROM derms_reservation r
  JOIN derms_stage s ON s.id = r.stage_id
  JOIN derms_device d ON d.id = r.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
  LEFT JOIN derms_removal m ON m.stage_uid = s.uid AND m.head_end = h.code AND m.nic_id = d.nic_id
                           AND m.answer IN ('removed', 'released')
 WHERE r.stage_id = %(stage)s
   AND NOT EXISTS (SELECT FROM derms_outcome o WHERE o.stage_id = r.stage_id AND o.device_id = r.device_id)
