-- Devices that have left a stage, before its start or while it ran. Selection, calls and counts ignore them.
CREATE VIEW derms_departure AS
SELECT s.id AS stage_id, d.id AS device_id, m.reason
  FROM derms_removal m
  JOIN derms_stage s ON s.uid = m.stage_uid
  JOIN derms_headend h ON h.code = m.head_end
  JOIN derms_device d ON d.head_end_id = h.id AND d.nic_id = m.nic_id
 WHERE m.has_left;
