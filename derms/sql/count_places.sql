-- Counts the devices and their total expected W at each place of a stage's choice, and the devices left out by reason.
SELECT reason, place, count(*), coalesce(sum(expected_w), 0)::bigint
  FROM (SELECT reason, CASE WHEN reason IS NULL THEN place END AS place, expected_w
          FROM ({candidates} OFFSET '0') candidate) placed
 GROUP BY reason, place
