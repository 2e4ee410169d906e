-- What devices are due as a flat amount of a season: the mean of what their outcomes earn.
SELECT 0::bigint AS program_event_id, device_id AS subject_id, min(customer_id) AS customer_id,
       min(location_id) AS location_id, '' AS code, avg(percent)::numeric(7,4) AS percent, 1::numeric(18,6) AS quantity,
       %(price)s::numeric AS gross,
       CASE WHEN bool_or(left_out = 'no outcome') THEN 'no outcome'
            WHEN count(percent) = 0 THEN 'not called' ELSE '' END AS left_out
  FROM ({outcomes}) taken
 GROUP BY device_id
