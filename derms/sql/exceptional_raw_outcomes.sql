-- The rows of one staged part whose device is not known, or was not reserved for the stage.
SELECT raw.head_end, raw.nic_id,
       CASE WHEN d.id IS NULL THEN 'refused: this device is not known'
            ELSE 'applied as an exception: this device was not reserved for the stage' END
  FROM {staged} raw
  LEFT JOIN derms_headend h ON h.code = raw.head_end
  LEFT JOIN derms_device d ON d.head_end_id = h.id AND d.nic_id = raw.nic_id
 WHERE NOT EXISTS (SELECT FROM derms_reservation r JOIN derms_device mine ON mine.id = r.device_id
                    WHERE r.stage_id = %(stage)s AND mine.head_end_id = h.id AND mine.nic_id = raw.nic_id)
