-- Part of other statements: the devices of a stage whose calls aren't counted yet, without those that the same event has
-- already called in a counted stage.
SELECT r.device_id
  FROM derms_reservation r
 WHERE r.stage_id = {stage}
   {departed}
   AND NOT {called_before}
