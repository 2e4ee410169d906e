-- The raw outcomes that were loaded although their device was not reserved for the stage.
SELECT h.code, d.nic_id, 'applied as an exception: this device was not reserved for the stage'
  FROM {table} o
  JOIN derms_device d ON d.id = o.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
 WHERE NOT EXISTS (SELECT FROM derms_reservation r WHERE r.stage_id = %(stage)s AND r.device_id = o.device_id)
