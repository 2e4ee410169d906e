-- Registers the devices of one staged part and enrolls them in a program; the answers are then in the table "answered".
UPDATE {staged} SET nic_id = btrim(nic_id) WHERE nic_id <> btrim(nic_id);

CREATE TEMPORARY TABLE answered ON COMMIT DROP AS
SELECT s.*, h.id AS head_end_id, z.id AS zone_id, f.id AS feeder_id, t.id AS transformer_id,
       CASE WHEN s.head_end IS NULL OR s.nic_id IS NULL OR s.at IS NULL OR s.rated_w IS NULL OR s.critical_care IS NULL
                 THEN 'A value is missing.'
            WHEN h.id IS NULL THEN 'There is no head end system “' || s.head_end || '”.'
            WHEN z.id IS NULL THEN 'There is no control zone “' || coalesce(s.zone, '') || '”.'
            WHEN f.id IS NULL THEN 'There is no feeder “' || coalesce(s.feeder, '') || '”.'
            WHEN t.id IS NULL THEN 'There is no transformer “' || coalesce(s.transformer, '') || '”.'
            WHEN s.device_class IS NULL OR s.device_class NOT IN ('thermostat', 'water_heater', 'ev_charger', 'battery')
                 THEN 'There is no device class “' || coalesce(s.device_class, '') || '”.'
            WHEN length(s.nic_id) > 40 THEN 'The NIC id is longer than 40 characters.'
            WHEN s.rated_w <= 0 THEN 'The rated power is ' || s.rated_w || ' W; it must be above 0 W.'
            WHEN again.place > 1 THEN 'The device is in the file twice.'
            WHEN other.id IS NOT NULL
                 THEN 'It is device “' || other.nic_id || '”, written in other letters. Correct the NIC id.'
            ELSE '' END AS error,
       -- The row is older than what is known: the enrollment was ended while the file was on its way.
       coalesce(ended.at >= s.at, false) AS is_old,
       'Registered' AS answer
  FROM {staged} s
  LEFT JOIN derms_headend h ON h.code = s.head_end
  LEFT JOIN derms_controlzone z ON z.code = s.zone
  LEFT JOIN derms_feeder f ON f.code = s.feeder
  LEFT JOIN derms_transformer t ON t.code = s.transformer
  LEFT JOIN derms_device other ON other.head_end_id = h.id AND upper(other.nic_id) = upper(s.nic_id)
                              AND other.ended_at IS NULL AND other.nic_id <> s.nic_id
  LEFT JOIN (SELECT d.head_end_id, d.nic_id, max(e.ends_at) AS at
               FROM derms_enrollment e JOIN derms_device d ON d.id = e.device_id
              WHERE e.program_id = %(program)s AND e.ends_at IS NOT NULL
              GROUP BY d.head_end_id, d.nic_id) ended ON ended.head_end_id = h.id AND ended.nic_id = s.nic_id
  -- Sorting the few that are in the file twice, instead of all rows, takes a tenth of the time.
  LEFT JOIN (SELECT r.ctid AS staged_row,
                    row_number() OVER (PARTITION BY r.head_end, upper(r.nic_id)
                                       ORDER BY r.at, known.id, r.nic_id COLLATE "C") AS place
               FROM {staged} r
               JOIN (SELECT head_end, upper(nic_id) AS nic_id FROM {staged} GROUP BY 1, 2 HAVING count(*) > 1) twice
                 ON twice.head_end = r.head_end AND twice.nic_id = upper(r.nic_id)
               LEFT JOIN derms_headend reached ON reached.code = r.head_end
               LEFT JOIN derms_device known ON known.head_end_id = reached.id AND upper(known.nic_id) = upper(r.nic_id)
                                           AND known.ended_at IS NULL AND known.nic_id <> r.nic_id
            ) again ON again.staged_row = s.ctid;

UPDATE answered SET answer = CASE WHEN error <> '' THEN 'Error' ELSE 'Deregistered' END WHERE error <> '' OR is_old;

-- Without statistics the join below would be planned for a handful of rows and take minutes with a million devices.
ANALYZE answered;

INSERT INTO derms_device (head_end_id, nic_id, device_class, rated_w, zone_id, feeder_id, transformer_id,
                          critical_care, registered_at, limits_of_id)
SELECT a.head_end_id, a.nic_id, device_class, rated_w, zone_id, feeder_id, a.transformer_id, critical_care, at, former.id
  FROM answered a
  LEFT JOIN (SELECT head_end_id, nic_id, transformer_id, min(id) AS id
               FROM derms_device WHERE ended_at IS NOT NULL
              GROUP BY head_end_id, nic_id, transformer_id) former
    ON former.head_end_id = a.head_end_id AND former.nic_id = a.nic_id AND former.transformer_id = a.transformer_id
 WHERE a.answer = 'Registered'
   AND NOT EXISTS (SELECT FROM derms_device d
                    WHERE d.head_end_id = a.head_end_id AND d.nic_id = a.nic_id AND d.ended_at IS NULL)
 -- Extracts are ordered by id; this way each part of devices enrolled together is a range of NIC ids.
 ORDER BY a.nic_id
    {unless_there};

-- A device that returns keeps its coming unavailability.
UPDATE derms_deviceunavailability u SET device_id = d.id
  FROM answered a
  JOIN derms_device d ON d.head_end_id = a.head_end_id AND d.nic_id = a.nic_id AND d.ended_at IS NULL
  JOIN derms_device former ON former.head_end_id = d.head_end_id AND former.nic_id = d.nic_id
                          AND former.ended_at IS NOT NULL
 WHERE u.device_id = former.id AND u.ends_at > a.at AND a.answer = 'Registered'
   AND NOT EXISTS (SELECT FROM derms_deviceunavailability own WHERE own.uid = u.uid AND own.device_id = d.id);

INSERT INTO derms_enrollment (program_id, device_id, starts_at)
SELECT %(program)s, d.id, a.at
  FROM answered a JOIN derms_device d ON d.head_end_id = a.head_end_id AND d.nic_id = a.nic_id AND d.ended_at IS NULL
 WHERE a.answer = 'Registered'
   AND NOT EXISTS (SELECT FROM derms_enrollment e
                    WHERE e.program_id = %(program)s AND e.device_id = d.id AND e.ends_at IS NULL)
 ORDER BY d.id
    {unless_there}
