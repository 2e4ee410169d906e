-- The first of the demo's homes whose meter lacks readings of `last`, if the last home's does: they are read in order.
WITH last_home AS (
    SELECT id FROM cpm_meter
     WHERE number BETWEEN %(prefix)s || '000001' AND %(prefix)s || lpad(least(%(most)s, 999999)::text, 6, '0')
     ORDER BY number DESC LIMIT 1)
SELECT (SELECT right(m.number, 6)::integer FROM cpm_meter m
         WHERE m.number BETWEEN %(prefix)s || '000001' AND %(prefix)s || lpad(least(%(most)s, 999999)::text, 6, '0')
           AND NOT EXISTS (SELECT FROM cpm_meterday d WHERE d.meter_id = m.id AND d.day = %(last)s)
         ORDER BY m.number LIMIT 1)
  FROM last_home
 WHERE NOT EXISTS (SELECT FROM cpm_meterday d WHERE d.meter_id = last_home.id AND d.day = %(last)s)
