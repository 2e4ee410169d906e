-- Counts the devices and their total expected W at each rank of a stage's choice, and the devices left out by reason.
SELECT reason, score, last_called_at, count(*), sum(expected_w)::bigint
  FROM ({candidates}) candidate
 GROUP BY reason, score, last_called_at
