-- Part of other statements: the devices a stage may choose from, each with its rank, expected W and the reason it is
-- left out. "gone" are devices that left a stage which would hold or count them: they are free again, and what they were
-- used for ends when they were released; those removed before the start were not used.
-- It is not materialized, so the planner sees if no stage overlaps or counts and can run the query in parallel.
WITH gone AS NOT MATERIALIZED (
    SELECT stage_id, device_id, released_at
      FROM derms_departure
     WHERE stage_id = ANY(%(overlapping_stages)s::bigint[] || %(counted_stages)s::bigint[])),
held AS (
    SELECT DISTINCT r.device_id
      FROM derms_reservation r
     WHERE r.stage_id = ANY(%(overlapping_stages)s::bigint[])
       AND NOT EXISTS (SELECT FROM gone WHERE gone.stage_id = r.stage_id AND gone.device_id = r.device_id)
    {or_kept}),
unavailable AS (
    SELECT DISTINCT device_id FROM derms_deviceunavailability
     WHERE NOT canceled AND starts_at < %(ends_at)s AND ends_at > %(starts_at)s),
-- What the program's rules count: other stages for which the device is or was reserved, and the time in which they ran, or
-- will. A report of an end comes a little late, so no stage counts longer than its window. The parts in braces that depend
-- on rules come from set_operations/device_rules.py, that of former registrations from set_operations/counted_stages.py.
ran AS (
    SELECT stage_id, ran_from, ran_until{of_stages}
      FROM (SELECT id AS stage_id, event_id, program_id = %(program)s AS is_own,
                   coalesce(started_at, starts_at) AS ran_from, least(ended_at, ends_at) AS ran_until,
                   (coalesce(started_at, starts_at) AT TIME ZONE %(time_zone)s)::date AS day,
                   dense_rank() OVER (ORDER BY event_id) - 1 AS event_no
              FROM derms_stage
             WHERE id = ANY(%(counted_stages)s::bigint[])) counted),
use AS (
    SELECT r.counts_for AS device_id{counted}
      FROM (SELECT stage_id, device_id, device_id AS counts_for FROM derms_reservation
             WHERE stage_id = ANY(%(counted_stages)s::bigint[])
            {former}) r
      JOIN ran ON ran.stage_id = r.stage_id
      {left}
     {not_removed}
     GROUP BY r.counts_for)
SELECT c.device_id, {rank} AS rank, {expected} AS expected_w, round(c.rated_w * c.share)::integer AS nominal_w,
       CASE
           WHEN %(broken_rule)s::text IS NOT NULL THEN %(broken_rule)s
           WHEN c.enrolled_from > %(starts_at)s OR c.enrolled_until < %(ends_at)s THEN 'not enrolled for the whole window'
           WHEN c.device_class = ANY(%(not_for_control)s::derms_device_class[]) THEN 'not for this control'
           WHEN c.device_class = ANY(%(without_forecast)s::derms_device_class[]) THEN 'no forecast for its class'
           WHEN round(c.rated_w * c.share) = 0 THEN 'nothing to give now'
           WHEN c.silent_run >= 3 AND c.last_called_on > %(day)s::date - 14 THEN 'never answers'
           {exemptions}
           WHEN unavailable.device_id IS NOT NULL THEN 'unavailable'
           WHEN held.device_id IS NOT NULL THEN 'reserved elsewhere'
           {limits}
       END AS reason
  FROM (SELECT derms_candidate.*,
               CASE device_class WHEN 'thermostat' THEN %(thermostat)s::float8
                                 WHEN 'water_heater' THEN %(water_heater)s::float8
                                 WHEN 'ev_charger' THEN %(ev_charger)s::float8
                                 WHEN 'battery' THEN %(battery)s::float8 END AS share
          FROM derms_candidate) c
  {unavailable}
  {held}
  {use}
  {coming}
 WHERE c.program_id = %(program)s AND c.zone_id = %(zone)s
   AND c.enrolled_from < %(ends_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(starts_at)s)
   {within_groups}
