-- A stage's reserved devices per feeder, and the W expected of them per class; each row has one of both.
SELECT f.code, reserved.device_class, reserved.devices, reserved.watts
  FROM (SELECT d.feeder_id, d.device_class::text AS device_class, count(*) AS devices, sum(r.expected_w)::bigint AS watts
          FROM derms_reservation r
          JOIN derms_device d ON d.id = r.device_id
         WHERE r.stage_id = %(stage)s
         GROUP BY GROUPING SETS ((d.feeder_id), (d.device_class))) reserved
  LEFT JOIN derms_feeder f ON f.id = reserved.feeder_id
