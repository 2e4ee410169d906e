-- What participations of a program event are due for what they avoided, by the price of each interval; at least 0.
SELECT taken.program_event_id, taken.device_id AS subject_id, taken.customer_id, taken.location_id, taken.code,
       taken.percent, (r.saved_wh * 0.001)::numeric(18,6) AS quantity,
       CASE WHEN taken.percent = 0 THEN 0
            WHEN i.price IS NOT NULL THEN greatest(r.saved_wh * i.price, 0) * 0.001
            ELSE greatest((SELECT sum((n.baseline - n.metered) * n.price)
                             FROM unnest(r.baseline_wh, r.metered_wh, i.prices) AS n(baseline, metered, price)), 0)
                 * 0.001 END AS gross,
       CASE WHEN taken.left_out <> '' THEN taken.left_out
            WHEN taken.percent = 0 THEN ''
            WHEN r.status IS NULL THEN 'no measurement'
            WHEN r.status = 'preliminary' THEN 'preliminary'
            ELSE r.reason END AS left_out
  FROM ({outcomes}) taken
  LEFT JOIN cpm_measuredresult r ON r.measurement_id = %(measurement)s AND r.device_id = taken.device_id
  LEFT JOIN jsonb_to_recordset(%(prices)s)
            AS i(interval_s integer, starts_at timestamptz, price numeric, prices numeric[])
       ON i.interval_s = r.interval_s AND i.starts_at = r.starts_at
