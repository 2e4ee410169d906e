-- How many devices a stage may not choose, by reason.
SELECT reason, count(*)
  FROM ({candidates}) candidate
 WHERE reason IS NOT NULL
 GROUP BY reason
