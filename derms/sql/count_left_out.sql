-- Counts the devices a stage can't choose and their total expected W, by reason.
SELECT reason, count(*), coalesce(sum(expected_w), 0)::bigint
  FROM ({candidates}) candidate
 WHERE reason IS NOT NULL
 GROUP BY reason
