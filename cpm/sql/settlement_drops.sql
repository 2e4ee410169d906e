-- What devices are due at the end of a season: the mean of the highest drops of the top share of their events.
SELECT 0::bigint AS program_event_id, device_id AS subject_id, min(customer_id) AS customer_id,
       min(location_id) AS location_id, '' AS code, 100::numeric(7,4) AS percent,
       avg(drop_kw) FILTER (WHERE counts)::numeric(18,6) AS quantity,
       avg(drop_kw) FILTER (WHERE counts)::numeric(18,6) * %(price)s::numeric AS gross,
       CASE WHEN bool_or(left_out = 'no outcome') THEN 'no outcome'
            WHEN count(drop_kw) > 0 THEN ''
            WHEN count(percent) = 0 THEN 'not called'
            WHEN bool_and(unmeasured = 'preliminary') FILTER (WHERE percent IS NOT NULL) THEN 'preliminary'
            ELSE coalesce(min(unmeasured) FILTER (WHERE unmeasured <> 'preliminary'), 'no measurement') END AS left_out
  FROM ({drops}) found
 GROUP BY device_id
