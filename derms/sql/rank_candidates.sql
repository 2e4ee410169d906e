-- How many devices stand at each rank of a stage's choice and what is expected of them together, and of those left out why.
SELECT reason, score, last_called_at, count(*), sum(expected_w)::bigint
  FROM ({candidates}) candidate
 GROUP BY reason, score, last_called_at
