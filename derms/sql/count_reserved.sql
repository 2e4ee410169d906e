-- Counts a stage's reserved devices, and how many of them have an outcome.
SELECT (SELECT count(*) FROM derms_reservation WHERE stage_id = %(stage)s),
       (SELECT count(*) FROM derms_reservation r JOIN {table} o USING (device_id) WHERE r.stage_id = %(stage)s)
