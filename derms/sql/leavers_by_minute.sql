-- The expected power that left each stage, by the minute in which its devices left.
SELECT s.id, date_trunc('minute', m.answered_at) AS left_at, sum(r.expected_w)
  FROM derms_stage s
  JOIN derms_removal m ON m.stage_uid = s.uid AND m.answer IN ('removed', 'released')
  JOIN derms_headend h ON h.code = m.head_end
  JOIN derms_device d ON d.head_end_id = h.id AND d.nic_id = m.nic_id
  JOIN derms_reservation r ON r.device_id = d.id AND r.stage_id = s.id
 WHERE s.id = ANY(%(stages)s)
 GROUP BY s.id, left_at
 ORDER BY s.id, left_at
