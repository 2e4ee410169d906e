-- What head ends reported of all their devices together at a moment of a stage, in W. What was last measured holds on.
WITH heard AS (
    SELECT DISTINCT head_end, '' AS nic_id FROM lec_telemetry WHERE stage_id = %(stage)s AND nic_id = '')
SELECT DISTINCT ON (head_end) head_end, round(least(greatest(reduction_w, 0), 1e12))::bigint AS reduction_w
  FROM ({reductions}) reduced
 WHERE starts_at <= %(now)s
 ORDER BY head_end, starts_at DESC
