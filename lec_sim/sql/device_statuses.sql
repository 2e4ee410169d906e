-- The devices of a status check by head end and status: unknown if no driver says anything.
WITH asked AS MATERIALIZED ({devices}),
known AS MATERIALIZED ({known})
SELECT head_end, coalesce(known.status, 'unknown') AS found, array_agg(nic_id ORDER BY nic_id)
  FROM asked LEFT JOIN known USING (head_end, nic_id)
 GROUP BY head_end, found
 ORDER BY head_end, found
