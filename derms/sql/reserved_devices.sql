-- The ids of all devices reserved for a stage, 8 bytes each, one after another: one value is read faster than many rows.
SELECT string_agg(int8send(device_id), ''::bytea) FROM derms_reservation WHERE stage_id = %(stage)s
