-- Note who asks about the chosen devices, and when; returns their NIC ids by head end, and the last device.
WITH chosen AS ({chosen}),
asked AS (
    INSERT INTO cpm_devicestatus AS known (device_id, check_uid, asked_by, asked_at)
    SELECT id, %(check_uid)s::uuid, %(by)s, %(now)s FROM chosen ORDER BY id
    ON CONFLICT (device_id) DO UPDATE
       SET check_uid = excluded.check_uid, asked_by = excluded.asked_by, asked_at = excluded.asked_at,
           answer = '', answered_at = NULL)
SELECT head_end, array_agg(nic_id ORDER BY nic_id), max(id) FROM chosen GROUP BY head_end ORDER BY head_end
