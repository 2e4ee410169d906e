-- Adds an outcome for each of a stage's reserved devices that has none: canceled if it had left, else no response.
INSERT INTO derms_outcome (stage_id, device_id, code, started_at, ended_at, reduction_w, error, response_pm)
SELECT r.stage_id, r.device_id, CASE WHEN gone.reason IS NULL THEN %(no_response)s ELSE %(canceled)s END,
       NULL, NULL, 0, coalesce(gone.reason, 'no outcome received'), CASE WHEN gone.reason IS NULL THEN 0 END
  FROM derms_reservation r
  LEFT JOIN derms_departure gone ON gone.stage_id = r.stage_id AND gone.device_id = r.device_id
 WHERE r.stage_id = %(stage)s
   AND NOT EXISTS (SELECT FROM derms_outcome o WHERE o.stage_id = r.stage_id AND o.device_id = r.device_id)
