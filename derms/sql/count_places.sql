-- Counts the devices and their total expected W at each place of a stage's choice, and those left out by the number of
-- their reason, below 0.
SELECT coalesce(-reason, place) AS place, count(*), coalesce(sum(expected_w), 0)::bigint
  FROM ({candidates}) candidate
 GROUP BY 1
