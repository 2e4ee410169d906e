-- Devices of stages with outcomes, and how many failed in each way, by head end, class and feeder.
SELECT CASE GROUPING(h.code, d.device_class, f.code) WHEN 3 THEN 'head end' WHEN 5 THEN 'class' ELSE 'feeder' END,
       coalesce(h.code, d.device_class, f.code),
       count(*),
       count(*) FILTER (WHERE o.code = %(silent)s),
       count(*) FILTER (WHERE o.code = %(rejecting)s),
       count(*) FILTER (WHERE o.code = %(overridden)s)
  FROM derms_outcome o
  JOIN derms_device d ON d.id = o.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
  JOIN derms_feeder f ON f.id = d.feeder_id
 WHERE o.stage_id = ANY(%(stages)s::bigint[]) AND o.code <> %(canceled)s
 GROUP BY GROUPING SETS ((h.code), (d.device_class), (f.code))
 ORDER BY GROUPING(h.code, d.device_class, f.code), 2
