-- Counts a stage's reserved devices per feeder.
SELECT f.code, reserved.devices
  FROM (SELECT d.feeder_id, count(*) AS devices
          FROM derms_reservation r
          JOIN derms_device d ON d.id = r.device_id
         WHERE r.stage_id = %(stage)s
         GROUP BY d.feeder_id) reserved
  JOIN derms_feeder f ON f.id = reserved.feeder_id
