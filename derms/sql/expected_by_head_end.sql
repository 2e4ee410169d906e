-- What is expected of a stage's devices that have not left, in W, by head end system; of these head ends only.
SELECT h.code, sum(r.expected_w)
  FROM derms_reservation r
  JOIN derms_device d ON d.id = r.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
 WHERE r.stage_id = %(stage)s AND h.code = ANY(%(head_ends)s)
   AND NOT EXISTS (SELECT FROM derms_departure gone WHERE gone.stage_id = r.stage_id AND gone.device_id = r.device_id)
 GROUP BY h.code
