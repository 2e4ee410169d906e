-- Finished measurements that lack or invent results, whose sums or hours differ from their results, or whose like days
-- don't fit.
WITH finished AS (SELECT m.*, e.event_number || ' stage ' || e.stage_number || ', measurement ' || m.version AS subject
                    FROM cpm_measurement m JOIN cpm_programevent e ON e.id = m.program_event_id
                   WHERE m.finished_at IS NOT NULL),
result AS (SELECT r.measurement_id, count(*) AS results, sum(r.saved_wh) AS saved_wh,
                  sum(r.saved_wh - (SELECT sum(b) FROM unnest(r.baseline_wh) b)
                      + (SELECT sum(w) FROM unnest(r.metered_wh) w)) AS differs,
                  count(*) FILTER (WHERE r.days_used & (r.days_busy | r.days_incomplete) <> 0) AS wrong_days
             FROM cpm_measuredresult r WHERE r.measurement_id IN (SELECT id FROM finished) GROUP BY 1),
segment AS (SELECT measurement_id, sum(participations) AS results, sum(saved_wh) AS saved_wh
              FROM cpm_measuredsum WHERE "of" = 'segment' GROUP BY 1),
stage AS (SELECT measurement_id, saved_wh FROM cpm_measuredsum WHERE "of" = 'stage'),
hour AS (SELECT f.id, sum((one -> 3)::bigint - (one -> 4)::bigint) AS saved_wh
           FROM finished f CROSS JOIN LATERAL jsonb_array_elements(f.hours) one GROUP BY f.id)
SELECT f.subject, format('%%s results of %%s participations', coalesce(r.results, 0), f.participations)
  FROM finished f LEFT JOIN result r ON r.measurement_id = f.id WHERE coalesce(r.results, 0) <> f.participations
UNION ALL
SELECT f.subject, format('results add up to %%s Wh of %%s devices, its sums to %%s of %%s',
                         coalesce(r.saved_wh, 0), r.results, s.saved_wh, s.results)
  FROM finished f JOIN result r ON r.measurement_id = f.id LEFT JOIN segment s ON s.measurement_id = f.id
 WHERE (coalesce(r.saved_wh, 0), r.results) IS DISTINCT FROM (s.saved_wh, s.results)
UNION ALL
SELECT f.subject, format('the stage saved %%s Wh, its hours %%s', t.saved_wh, h.saved_wh)
  FROM finished f JOIN stage t ON t.measurement_id = f.id LEFT JOIN hour h ON h.id = f.id
 WHERE t.saved_wh <> coalesce(h.saved_wh, 0)
UNION ALL
SELECT f.subject, format('what was saved is not baseline less metered, by %%s Wh', r.differs)
  FROM finished f JOIN result r ON r.measurement_id = f.id WHERE r.differs <> 0
UNION ALL
SELECT f.subject, format('%%s results count days that can''t count', r.wrong_days)
  FROM finished f JOIN result r ON r.measurement_id = f.id WHERE r.wrong_days > 0
