-- Part of other statements: the devices a stage may choose from, each with its rank, expected W and the reason it is
-- left out. "gone" are devices that left a stage which would hold or count them: they are free again and were not called.
-- It is not materialized, so the planner sees if no stage overlaps or counts and can run the query in parallel.
WITH gone AS NOT MATERIALIZED (
    SELECT stage_id, device_id
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
-- What the program's rules count: other stages of this program for which the device is or was reserved. The parts in
-- braces that depend on rules come from set_operations/device_rules.py.
past AS (
    SELECT r.device_id, s.event_id, s.starts_at, s.ends_at,
           (s.starts_at AT TIME ZONE %(time_zone)s)::date AS day,
           extract(epoch FROM s.ends_at - s.starts_at) / 3600 AS hours
      FROM derms_reservation r JOIN derms_stage s ON s.id = r.stage_id
     WHERE r.stage_id = ANY(%(counted_stages)s::bigint[])
       AND NOT EXISTS (SELECT FROM gone WHERE gone.stage_id = r.stage_id AND gone.device_id = r.device_id)),
use AS (
    SELECT device_id{counted}
      FROM past GROUP BY device_id)
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
  {not_counted}
 WHERE c.program_id = %(program)s AND c.zone_id = %(zone)s
   AND c.enrolled_from < %(ends_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(starts_at)s)
   {within_groups}
