-- Keep what a message says about devices. Rows are locked in one order, since another answer may name the same devices.
WITH named AS MATERIALIZED ({devices}),
locked AS (
    SELECT s.device_id, named.status
      FROM named
      JOIN cpm_device d ON d.nic_id = named.nic_id AND d.head_end = named.head_end AND d.ended_at IS NULL
      JOIN cpm_devicestatus s ON s.device_id = d.id
     ORDER BY s.device_id FOR NO KEY UPDATE OF s)
UPDATE cpm_devicestatus s
   SET heard_at = CASE WHEN locked.status = 'online' THEN greatest(s.heard_at, %(at)s) ELSE s.heard_at END,
       answer = CASE WHEN s.check_uid = %(check_uid)s::uuid THEN locked.status ELSE s.answer END,
       answered_at = CASE WHEN s.check_uid = %(check_uid)s::uuid THEN %(at)s ELSE s.answered_at END
  FROM locked WHERE locked.device_id = s.device_id
