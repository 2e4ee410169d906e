-- Note when devices were online, in one order of rows: another message may name the same devices.
INSERT INTO derms_hearddevice AS known (device_id, at)
SELECT DISTINCT id, %(at)s::timestamptz FROM ({online}) online ORDER BY id
ON CONFLICT (device_id) DO UPDATE SET at = greatest(known.at, excluded.at)
