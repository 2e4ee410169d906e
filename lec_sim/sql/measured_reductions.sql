-- Part of other statements: by how many W each of the devices in `heard` (head_end, nic_id) reduced over each interval
-- that was measured: as reported, or as the baseline that applied at its start less what was used.
SELECT DISTINCT ON (t.head_end, t.nic_id, t.starts_at)
       t.head_end, t.nic_id, t.starts_at, t.ends_at,
       CASE t.measure WHEN 'delta usage' THEN -t.watts ELSE b.watts - t.watts END AS reduction_w
  FROM heard
  JOIN lec_telemetry t ON t.stage_id = %(stage)s AND t.head_end = heard.head_end AND t.nic_id = heard.nic_id
                      AND t.measure <> 'baseline' AND t.quality <> 'BAD'
  LEFT JOIN LATERAL (
       SELECT watts FROM lec_telemetry base
        WHERE base.stage_id = t.stage_id AND base.head_end = t.head_end AND base.nic_id = t.nic_id
          AND base.measure = 'baseline' AND base.quality <> 'BAD'
          AND base.starts_at <= t.starts_at AND base.ends_at > t.starts_at
        ORDER BY base.starts_at DESC LIMIT 1) b ON t.measure <> 'delta usage'
 WHERE t.measure = 'delta usage' OR b.watts IS NOT NULL
 ORDER BY t.head_end, t.nic_id, t.starts_at, array_position(ARRAY['delta usage', 'usage', 'demand'], t.measure)
