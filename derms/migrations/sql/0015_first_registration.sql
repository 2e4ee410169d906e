-- Devices that have left a stage, before its start or while it ran. They are free again, but what they
-- were used for until they were released counts.
CREATE OR REPLACE VIEW derms_departure AS
SELECT s.id AS stage_id, d.id AS device_id, m.reason,
       CASE WHEN m.answer = 'released' THEN m.answered_at END AS released_at
  FROM derms_removal m
  JOIN derms_stage s ON s.uid = m.stage_uid
  JOIN derms_headend h ON h.code = m.head_end
  JOIN derms_device d ON d.head_end_id = h.id AND d.nic_id = m.nic_id
 WHERE m.has_left;
