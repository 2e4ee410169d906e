-- Devices that two live stages with overlapping windows have reserved.
WITH gone AS MATERIALIZED (
    SELECT left_it.stage_id, left_it.device_id
      FROM derms_departure left_it
      JOIN derms_stage s ON s.id = left_it.stage_id AND s.state IN ('Scheduled', 'In Progress')),
live AS (
    SELECT r.device_id, s.id AS stage_id, s.starts_at, s.ends_at, e.number || ' stage ' || s.number AS name
      FROM derms_stage s
      JOIN derms_event e ON e.id = s.event_id
      JOIN derms_reservation r ON r.stage_id = s.id
     WHERE s.state IN ('Scheduled', 'In Progress')
       AND NOT EXISTS (SELECT FROM gone WHERE gone.stage_id = r.stage_id AND gone.device_id = r.device_id))
SELECT h.code || '/' || d.nic_id, 'reserved for ' || a.name || ' and ' || b.name
  FROM live a
  JOIN live b ON b.device_id = a.device_id AND b.stage_id > a.stage_id
             AND b.starts_at < a.ends_at AND b.ends_at > a.starts_at
  JOIN derms_device d ON d.id = a.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
