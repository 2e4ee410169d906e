-- Part of other statements: the registered devices that a message names, and what it says about them.
WITH named AS MATERIALIZED ({devices})
SELECT d.id, d.zone_id, named.status
  FROM named
  JOIN derms_headend h ON h.code = named.head_end
  JOIN derms_device d ON d.head_end_id = h.id AND d.nic_id = named.nic_id AND d.ended_at IS NULL
