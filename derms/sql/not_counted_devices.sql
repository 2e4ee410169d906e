-- Part of other statements: the devices of a stage whose calls aren't counted yet, without those that have left it and those
-- that the same event has already called in a counted stage.
SELECT r.device_id
  FROM derms_reservation r
 WHERE r.stage_id = {stage}
   AND NOT EXISTS (SELECT FROM derms_departure gone WHERE gone.stage_id = {stage} AND gone.device_id = r.device_id)
   AND NOT {called_before}
