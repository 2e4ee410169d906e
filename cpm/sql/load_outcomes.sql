-- Load one part of a stage's outcomes into the outcome table that will be attached.
INSERT INTO {table} (program_event_id, device_id, code, started_at, ended_at, reduction_w, error)
SELECT %(program_event)s, d.id, s.code, s.started_at, s.ended_at, s.reduction_w, coalesce(s.error, '')
  FROM {staged} s
  -- The range follows from the join, but stating it spares reading all devices for each part.
  JOIN cpm_device d ON d.head_end = s.head_end AND d.nic_id = s.nic_id
                   AND d.nic_id BETWEEN %(first_nic_id)s AND %(last_nic_id)s
 WHERE d.installed_at < %(ends_at)s
   -- A NIC id may have been reused: the device meant is the last that had it when the stage ended, even if taken out
   -- since. Only a device that was taken out can have a successor with its NIC id.
   AND (d.ended_at IS NULL
        OR NOT EXISTS (SELECT FROM cpm_device later
                        WHERE later.head_end = d.head_end AND later.nic_id = d.nic_id
                          AND later.installed_at < %(ends_at)s AND later.installed_at > d.installed_at))
