-- A block of the demo's meters from a home on, of its zone, that lack readings of `last`: with the latest day they have.
WITH homes AS (
    SELECT l.zone, m.id, m.location_id, right(m.number, 6)::bigint AS home, m.registers = 'net' AS has_battery
      FROM cpm_meter m JOIN cpm_devicelocation l ON l.id = m.location_id
     WHERE m.number BETWEEN %(prefix)s || lpad(%(home)s::text, 6, '0')
                        AND %(prefix)s || lpad(least(%(most)s, 999999)::text, 6, '0')
       AND NOT EXISTS (SELECT FROM cpm_meterday d WHERE d.meter_id = m.id AND d.day = %(last)s)
     ORDER BY home LIMIT %(block)s)
SELECT homes.*,
       (SELECT max(d.day) FROM cpm_meterday d WHERE d.meter_id = homes.id AND d.day BETWEEN %(first)s AND %(last)s) AS day
  FROM homes WHERE zone = (SELECT zone FROM homes ORDER BY home LIMIT 1) ORDER BY home
