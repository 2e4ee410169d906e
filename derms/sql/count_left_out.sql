-- Counts the devices a stage can't choose, by reason.
SELECT reason, count(*)
  FROM ({candidates}) candidate
 WHERE reason IS NOT NULL
 GROUP BY reason
