-- The intervals that a measurement's results have.
SELECT interval_s, starts_at, max(cardinality(baseline_wh)) FROM cpm_measuredresult
 WHERE measurement_id = %s AND baseline_wh IS NOT NULL GROUP BY interval_s, starts_at ORDER BY 1, 2
