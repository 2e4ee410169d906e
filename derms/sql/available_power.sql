-- Counts per program the free devices that may be called and the W expected of them at this hour; the last row has each
-- device once. Left out are those that never answer, and where the program exempts them those of critical care. The last
-- column is the variance in W2: devices answer apart from each other, with all or nothing of what they have, and behind one
-- head end system together, as far as it isn't known how much of it answers.
WITH open AS (
    SELECT p.id AS program_id, z.id AS zone_id, day,
           (p.id, z.id) IN (SELECT * FROM unnest(%(exempt_programs)s::bigint[], %(exempt_zones)s::bigint[])) AS exempts
      FROM derms_program p CROSS JOIN derms_controlzone z CROSS JOIN LATERAL (
           SELECT (%(now)s AT TIME ZONE z.time_zone)::date AS day) today
     WHERE p.active AND NOT p.suspended AND p.calls_devices
       AND (p.starts_on IS NULL OR p.starts_on <= day) AND (p.ends_on IS NULL OR p.ends_on >= day)),
busy AS (
    SELECT r.device_id
      FROM derms_reservation r
     WHERE r.stage_id = ANY(%(running_stages)s::bigint[])
       AND NOT EXISTS (SELECT FROM derms_departure d WHERE d.stage_id = r.stage_id AND d.device_id = r.device_id)
     UNION
    SELECT device_id FROM derms_deviceunavailability
     WHERE NOT canceled AND starts_at <= %(now)s AND ends_at > %(now)s),
known AS (
    SELECT c.device_id, c.program_id, c.head_end_id, c.rated_w * f.factor AS nominal,
           round(c.rated_w * f.factor * c.rate_pm * 0.001
                 * coalesce(least(1, (5 + a.total) / (5 + a.n)), 1) * coalesce(m.share, 1))::integer AS watts
      FROM derms_candidate c
      JOIN open ON open.program_id = c.program_id AND open.zone_id = c.zone_id
      JOIN derms_reductionfactor f ON f.zone_id = c.zone_id AND f.device_class = c.device_class::text
                                  AND f.hour <= %(now)s AND f.hour > %(now)s - interval '1 hour'
      LEFT JOIN derms_availability a ON a.head_end_id = c.head_end_id
      LEFT JOIN ({measured}) m ON m.head_end_id = c.head_end_id AND m.device_class = c.device_class::text
     WHERE NOT (c.critical_care AND open.exempts)
       AND NOT (c.silent_run >= 3 AND c.last_called_on > open.day - 14)
       AND c.enrolled_from <= %(now)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(now)s)),
free AS MATERIALIZED (
    SELECT * FROM known
     WHERE watts > 0 AND NOT EXISTS (SELECT FROM busy WHERE busy.device_id = known.device_id)),
behind AS (
    SELECT program_id, head_end_id, count(*) AS devices, sum(watts) AS watts,
           sum(watts * greatest(nominal - watts, 0)) AS variance
      FROM free GROUP BY program_id, head_end_id
     UNION ALL
    SELECT NULL, head_end_id, count(*), sum(watts), sum(watts * greatest(nominal - watts, 0))
      FROM (SELECT head_end_id, max(watts) AS watts, max(nominal) AS nominal
              FROM free GROUP BY device_id, head_end_id) once
     GROUP BY head_end_id),
-- How far the share of a head end system that answers may be from what is known of it, of its square.
unsure AS (
    SELECT head_end_id, greatest(0, n - total) / ((5 + least(total, n)) * (6 + n)) AS share FROM derms_availability)
SELECT b.program_id, sum(b.devices)::bigint, sum(b.watts)::bigint,
       sum(b.variance + coalesce(unsure.share, 0) * b.watts::float8 * b.watts)::float8
  FROM behind b LEFT JOIN unsure USING (head_end_id)
 GROUP BY b.program_id
