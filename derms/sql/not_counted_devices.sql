-- Part of other statements: the devices of a stage whose calls aren't counted yet, without those that have left it and those
-- that the same event has already called in a counted stage.
-- `+ 0` keeps the planner from searching the key for each candidate, since it underrates how many there are: it hashes.
SELECT r.device_id + 0 AS device_id
  FROM derms_reservation r
 WHERE r.stage_id = {stage}
   -- Looked up once; an anti-join would be planned for each device, because the planner doesn't know that few have left.
   AND r.device_id NOT IN (SELECT gone.device_id FROM derms_departure gone WHERE gone.stage_id = {stage})
   AND NOT {called_before}
