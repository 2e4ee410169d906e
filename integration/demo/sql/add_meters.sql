-- A meter for each device location of the demo's zones that has none: since before the first event, every 15 minutes.
-- Where there is a battery, what is given to the grid is taken off.
INSERT INTO cpm_meter (number, location_id, interval_s, registers, largest_kw, starts_at)
SELECT %(prefix)s || lpad((known.n + row_number() OVER (ORDER BY l.id))::text, 6, '0'), l.id, 900,
       CASE WHEN EXISTS (SELECT FROM cpm_device d WHERE d.location_id = l.id AND d.device_class = 'battery')
            THEN 'net' ELSE 'forward' END,
       100, %(since)s
  FROM cpm_devicelocation l, (SELECT count(*) AS n FROM cpm_meter WHERE number LIKE %(prefix)s || '%%') known
 WHERE l.zone = ANY(%(zones)s) AND l.left_at IS NULL
   AND NOT EXISTS (SELECT FROM cpm_meter m WHERE m.location_id = l.id)
 ORDER BY l.id
