-- Each participation's highest drop, weighted by what its outcome earns; the top share of a device's measured ones counts.
SELECT taken.*, r.drop_kw, r.unmeasured, r.drop_kw IS NOT NULL AND
       row_number() OVER (PARTITION BY taken.device_id ORDER BY r.drop_kw DESC NULLS LAST, taken.program_event_id)
       <= greatest(ceil(count(r.drop_kw) OVER (PARTITION BY taken.device_id) * %(top_percent)s * 0.01), 1) AS counts
  FROM ({outcomes}) taken
  LEFT JOIN jsonb_to_recordset(%(measurements)s) AS m(program_event_id bigint, measurement_id bigint)
       ON m.program_event_id = taken.program_event_id
  LEFT JOIN cpm_measuredresult measured
       ON measured.measurement_id = m.measurement_id AND measured.device_id = taken.device_id
 CROSS JOIN LATERAL (
       SELECT CASE WHEN taken.percent = 0 THEN 0
                   WHEN measured.status = 'measured' AND taken.percent > 0
                   THEN greatest(measured.highest_drop_w, 0) * 0.001 * taken.percent * 0.01 END AS drop_kw,
              CASE WHEN taken.percent > 0 AND measured.status IS DISTINCT FROM 'measured'
                   THEN coalesce(nullif(measured.reason, ''), measured.status, 'no measurement') END AS unmeasured) r
