-- The rows of one staged part that were taken in although their device was not reserved for the stage.
SELECT raw.head_end, raw.nic_id, 'applied as an exception: this device was not reserved for the stage'
  FROM {staged} raw
  JOIN derms_headend h ON h.code = raw.head_end
 WHERE raw.reduction_w IS NOT NULL AND raw.code IN ('D1SP', 'D1IO', 'D1ND', 'D1ER', 'D1CN')
   AND EXISTS (SELECT FROM derms_device d WHERE d.head_end_id = h.id AND d.nic_id = raw.nic_id)
   AND NOT EXISTS (SELECT FROM derms_reservation r JOIN derms_device mine ON mine.id = r.device_id
                    WHERE r.stage_id = %(stage)s AND mine.head_end_id = h.id AND mine.nic_id = raw.nic_id)
