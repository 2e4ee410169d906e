-- Counts the devices and their total expected W at each rank of a stage's choice, and the devices left out by reason.
SELECT reason, rank, count(*), coalesce(sum(expected_w), 0)::bigint
  FROM (SELECT reason, CASE WHEN reason IS NULL THEN rank END AS rank, expected_w FROM ({candidates}) candidate) ranked
 GROUP BY reason, rank
