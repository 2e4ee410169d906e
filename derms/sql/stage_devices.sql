-- One keyset page of a stage's devices by id, with what each did. Only the page's rows are joined.
SELECT page.device_id, h.code AS head_end, d.nic_id, d.device_class, f.code AS feeder, page.expected_w,
       o.code AS outcome, o.reduction_w, o.started_at, o.ended_at, o.error
  FROM (SELECT r.device_id, r.expected_w FROM derms_reservation r
         WHERE r.stage_id = %(stage)s AND r.device_id > %(after)s {narrowed} ORDER BY r.device_id LIMIT %(limit)s) page
  JOIN derms_device d ON d.id = page.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
  JOIN derms_feeder f ON f.id = d.feeder_id
  LEFT JOIN derms_outcome o ON o.stage_id = %(stage)s AND o.device_id = page.device_id
 ORDER BY page.device_id
