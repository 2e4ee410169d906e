-- The condition that a reserved device has not left its stage, for not_counted_devices. Those that have are looked up once.
AND r.device_id NOT IN (SELECT gone.device_id FROM derms_departure gone WHERE gone.stage_id = {stage})
