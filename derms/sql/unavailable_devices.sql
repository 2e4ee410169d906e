-- The devices that are unavailable in any part of a stage's window, packed as in reserved_devices.sql.
SELECT string_agg(int8send(device_id), ''::bytea) FROM derms_deviceunavailability
 WHERE NOT canceled AND starts_at < %(ends_at)s AND ends_at > %(starts_at)s
