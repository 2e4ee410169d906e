-- Clears the reservation flag of the devices that left a stage while its participations were being loaded.
UPDATE {table} p
   SET reservation_flag = false, preemptive_opt_out = m.reason = 'opt-out'
  FROM cpm_removal m
  JOIN cpm_device d ON d.head_end = m.head_end AND d.nic_id = m.nic_id
 WHERE m.stage_uid = %(stage_uid)s AND m.answer <> 'too late' AND p.device_id = d.id AND p.reservation_flag
