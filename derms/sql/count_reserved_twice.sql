-- Counts the devices of a stage's new reservations that an overlapping stage holds already.
SELECT count(*)
  FROM {table} mine
  JOIN derms_reservation other USING (device_id)
 WHERE other.stage_id = ANY(%(overlapping_stages)s::bigint[])
   -- A device that has left the other stage is free.
   AND NOT EXISTS (SELECT FROM derms_removal m
                     JOIN derms_stage held ON held.uid = m.stage_uid
                     JOIN derms_headend h ON h.code = m.head_end
                     JOIN derms_device d ON d.head_end_id = h.id AND d.nic_id = m.nic_id
                    WHERE held.id = other.stage_id AND d.id = other.device_id
                      AND m.answer IN ('removed', 'released'))
