-- Part of other statements: the devices that a message found online.
WITH named AS MATERIALIZED ({devices})
SELECT d.id, d.zone_id
  FROM named
  JOIN derms_headend h ON h.code = named.head_end
  JOIN derms_device d ON d.head_end_id = h.id AND d.nic_id = named.nic_id AND d.ended_at IS NULL
 WHERE named.status = 'online'
