-- The devices whose raw outcomes were taken in although they were not reserved for the stage.
SELECT o.device_id
  FROM {table} o
 WHERE NOT EXISTS (SELECT FROM derms_reservation r WHERE r.stage_id = %(stage)s AND r.device_id = o.device_id)
