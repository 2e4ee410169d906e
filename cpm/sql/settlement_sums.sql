-- Add up the lines of a run by outcome, device class, feeder and the reason of those that are left out.
INSERT INTO cpm_settlementsum (run_id, of, name, lines, left_out, quantity, amount)
SELECT %(run)s, CASE WHEN grouping(code) = 0 THEN 'outcome' WHEN grouping(device_class) = 0 THEN 'device class'
                     WHEN grouping(feeder) = 0 THEN 'feeder' ELSE 'left out' END,
       coalesce(code, device_class, feeder, left_out), coalesce(sum(lines) FILTER (WHERE left_out = ''), 0),
       coalesce(sum(lines) FILTER (WHERE left_out <> ''), 0),
       coalesce(sum(quantity) FILTER (WHERE left_out = ''), 0), coalesce(sum(amount), 0)
  FROM (SELECT line.code, line.left_out, coalesce(d.device_class, '') AS device_class, l.feeder, count(*) AS lines,
               sum(line.quantity) AS quantity, sum(line.amount) AS amount
          FROM {table} line
          JOIN cpm_devicelocation l ON l.id = line.location_id
          LEFT JOIN cpm_device d ON %(is_of_devices)s AND d.id = line.subject_id
         GROUP BY 1, 2, 3, 4) alike
 GROUP BY GROUPING SETS ((code), (device_class), (feeder), (left_out))
HAVING NOT (grouping(left_out) = 0 AND coalesce(left_out, '') = '')
