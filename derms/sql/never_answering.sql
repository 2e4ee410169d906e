-- Devices that were silent in three calls running, the strongest first, with the programs that enroll them and the figures of
-- the whole list: a choice leaves each out until the 14th day after its last call.
WITH silent AS MATERIALIZED (
    SELECT c.device_id, max(c.last_called_on) AS last_called_on,
           string_agg(DISTINCT p.name, ', ' ORDER BY p.name) AS programs
      FROM derms_candidate c JOIN derms_program p ON p.id = c.program_id
     WHERE c.silent_run >= %(silent)s
       AND c.enrolled_from <= %(now)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(now)s)
     GROUP BY c.device_id
    HAVING %(program)s = '' OR bool_or(p.code = %(program)s)),
listed AS MATERIALIZED (
    SELECT silent.device_id, h.code AS head_end, d.nic_id, silent.programs, z.code AS zone, z.time_zone, d.rated_w,
           silent.last_called_on
      FROM silent
      JOIN derms_device d ON d.id = silent.device_id
      JOIN derms_headend h ON h.id = d.head_end_id
      JOIN derms_controlzone z ON z.id = d.zone_id
     WHERE (%(head_end)s = '' OR h.code = %(head_end)s) AND (%(zone)s = '' OR z.code = %(zone)s)
       AND starts_with(d.nic_id, %(q)s)),
whole AS (SELECT count(*) AS devices, coalesce(sum(rated_w), 0)::bigint AS rated_w FROM listed),
page AS MATERIALIZED (
    SELECT * FROM listed
     WHERE %(after_w)s::integer IS NULL OR (rated_w, device_id) < (%(after_w)s::integer, %(after)s::bigint)
     ORDER BY rated_w DESC, device_id DESC
     LIMIT %(limit)s)
SELECT page.*, heard.heard_at, heard.silent_since, said.answer, said.answered_at, whole.devices, whole.rated_w
  FROM page CROSS JOIN whole
  JOIN ({heard}) heard ON heard.device_id = page.device_id
  LEFT JOIN derms_hearddevice said ON said.device_id = page.device_id
 ORDER BY page.rated_w DESC, page.device_id DESC
