-- Counts the customers of the devices that DERMS chose for an event's stages, each once.
SELECT count(DISTINCT l.customer_id)
  FROM (SELECT DISTINCT device_id FROM {kept}) k
  JOIN derms_device d ON d.id = k.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
  JOIN cpm_device c ON c.nic_id = d.nic_id AND c.head_end = h.code AND c.ended_at IS NULL
  JOIN cpm_devicelocation l ON l.id = c.location_id
