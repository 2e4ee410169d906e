-- Invents customers with locations and a given number of devices in one control zone; the same seed invents the same.
-- Numbering continues after the prefix's existing homes; every twelfth home is the second one of the customer before.
DROP TABLE IF EXISTS demo_home;
CREATE TEMPORARY TABLE demo_home ON COMMIT DROP AS
WITH before AS (SELECT count(*) AS homes FROM cpm_devicelocation JOIN cpm_customer c ON c.id = customer_id
                 WHERE c.number LIKE %(prefix)s || '-%%'),
grid AS (
    SELECT s.code AS substation, f.code AS feeder, t.code AS transformer, row_number() OVER (ORDER BY t.code) - 1 AS n
      FROM derms_transformer t JOIN derms_feeder f ON f.id = t.feeder_id JOIN derms_substation s ON s.id = f.substation_id
      JOIN derms_controlzone z ON z.id = s.zone_id
     WHERE z.code = %(zone)s),
drawn AS (
    SELECT n, n + before.homes AS home, 1 + abs(hashint8extended(n + before.homes, %(seed)s)) %% 3 AS devices
      FROM before, generate_series(1, %(devices)s) n),
counted AS (SELECT drawn.*, (sum(devices) OVER (ORDER BY n) - devices)::bigint AS devices_before FROM drawn)
SELECT counted.n, home, least(devices, %(devices)s - devices_before) AS devices, devices_before,
       CASE WHEN counted.n > 1 AND counted.n %% 12 = 0 THEN home - 1 ELSE home END AS owner,
       nextval(pg_get_serial_sequence('cpm_devicelocation', 'id')) AS location_id,
       substation, feeder, transformer,
       abs(hashint8extended(home, %(seed)s + 1)) AS dice
  FROM counted
  JOIN grid ON grid.n = abs(hashint8extended(home, %(seed)s + 2)) %% (SELECT count(*) FROM grid)
 WHERE devices_before < %(devices)s;

INSERT INTO cpm_customer (number, name, account, email, phone)
SELECT %(prefix)s || '-' || 10000 + home,
       (%(first_names)s::text[])[1 + dice %% cardinality(%(first_names)s::text[])] || ' '
       || (%(last_names)s::text[])[1 + dice / 1000 %% cardinality(%(last_names)s::text[])],
       'A' || %(prefix)s || '-' || lpad(home::text, 9, '0'),
       'customer-' || lower(%(prefix)s) || '-' || 10000 + home || '@example.com',
       '+1 555 01' || lpad((dice / 7 %% 100)::text, 2, '0')
  FROM demo_home WHERE owner = home ORDER BY home;

INSERT INTO cpm_devicelocation (id, customer_id, address, time_zone, zone, substation, feeder, transformer)
SELECT location_id, c.id,
       1 + dice %% 9800 || ' ' || (%(streets)s::text[])[1 + dice / 100 %% cardinality(%(streets)s::text[])] || ', ' || %(town)s,
       %(time_zone)s, %(zone)s, substation, feeder, transformer
  FROM demo_home JOIN cpm_customer c ON c.number = %(prefix)s || '-' || 10000 + owner
 ORDER BY home;

-- Multiplying by an odd number modulo 2^32 shuffles the serial numbers and keeps them distinct.
WITH kind (device_class, from_share, models, low_w, high_w, head_end) AS (VALUES
    ('thermostat',   0.00, '{Sample Stat 2,Sample Stat Mini,Mock Climate One}'::text[], 2200, 4800, 'sample-climate'),
    ('water_heater', 0.52, '{Mock Tank 50,Mock Tank 80,Placeholder Boiler}',            3800, 5500, 'mock-heat'),
    ('ev_charger',   0.78, '{Example Charge 7,Example Charge 11}',                      6600, 11500, 'example-charge'),
    ('battery',      0.92, '{Testcell 10,Testcell 14}',                                 4000, 7600, 'example-charge')),
device AS (
    SELECT location_id, dice, (home * 3 + j) AS serial, %(installed_before)s - dice %% 300 * interval '1 day' AS installed_at,
           abs(hashint8extended(home * 3 + j, %(seed)s + 3)) AS draw,
           (dice %% 1000 / 1000.0 + j * 0.37) %% 1 AS share
      FROM demo_home, generate_series(0, devices - 1) j)
INSERT INTO cpm_device (location_id, head_end, nic_id, device_class, model, rated_w, critical_care, installed_at)
SELECT location_id, CASE WHEN draw %% 5 = 0 THEN 'placeholder-hub' ELSE kind.head_end END,
       'N' || %(prefix)s || '-' || upper(lpad(to_hex(serial * 2654435761 %% 4294967296), 8, '0')),
       device_class, models[1 + draw %% cardinality(models)],
       low_w + draw / 100 %% ((high_w - low_w) / 100) * 100, draw / 10 %% 97 = 0, installed_at
  FROM device
  -- A class that is not asked for leaves its share to the one before it.
  JOIN LATERAL (SELECT * FROM kind
                 WHERE from_share <= share AND device_class = ANY(%(classes)s)
                 ORDER BY from_share DESC LIMIT 1) kind ON true
 ORDER BY serial
