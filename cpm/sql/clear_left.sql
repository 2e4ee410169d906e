-- Clear the reservation flag of devices that left a stage before all its participations were loaded.
WITH removed AS (
    SELECT d.id, bool_or(m.reason = 'opt-out') AS opted_out
      FROM cpm_removal m
      JOIN cpm_device d ON d.head_end = m.head_end AND d.nic_id = m.nic_id
     WHERE m.stage_uid = %(stage_uid)s AND m.has_left
     GROUP BY d.id),
away AS (
    SELECT DISTINCT device_id FROM cpm_unavailability
     WHERE state = 'Active' AND starts_at < %(ends_at)s AND ends_at > %(starts_at)s)
UPDATE {table} p
   SET reservation_flag = false, preemptive_opt_out = coalesce(opted_out, false)
  FROM removed FULL JOIN away ON away.device_id = removed.id
 WHERE p.device_id = coalesce(removed.id, away.device_id)
