-- The reserved devices of a stage that have no outcome yet.
SELECT r.device_id
  FROM derms_reservation r
 WHERE r.stage_id = %(stage)s
   AND NOT EXISTS (SELECT FROM derms_outcome o WHERE o.stage_id = %(stage)s AND o.device_id = r.device_id)
