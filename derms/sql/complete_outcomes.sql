-- Gives every reserved device of a stage that has no outcome yet the code for no answer.
INSERT INTO {table} (stage_id, device_id, code, started_at, ended_at, reduction_w, error)
SELECT r.stage_id, r.device_id, 'D1ND', NULL, NULL, 0, 'no outcome received'
  FROM derms_reservation r
 WHERE r.stage_id = %(stage)s
   AND NOT EXISTS (SELECT FROM {table} o WHERE o.stage_id = r.stage_id AND o.device_id = r.device_id)
