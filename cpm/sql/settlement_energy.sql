-- What participations of a program event are due for what they avoided, by the price of each interval; at least 0.
SELECT taken.program_event_id, taken.device_id AS subject_id, taken.customer_id, taken.location_id, taken.code,
       taken.percent, (r.saved_wh * 0.001)::numeric(18,6) AS quantity,
       CASE WHEN taken.percent = 0 THEN 0
            ELSE greatest({priced}, 0) * 0.001 END AS gross,
       CASE WHEN taken.left_out <> '' THEN taken.left_out
            WHEN taken.percent = 0 THEN ''
            WHEN r.status IS NULL THEN 'no measurement'
            WHEN r.status = 'preliminary' THEN 'preliminary'
            ELSE r.reason END AS left_out
  FROM ({outcomes}) taken
  LEFT JOIN cpm_measuredresult r ON r.measurement_id = %(measurement)s AND r.device_id = taken.device_id
