-- Part of other statements: the devices a stage may choose from, each with its rank, expected W and the reason it is
-- left out. "gone" are devices that left a stage which would hold them: they are free again. The parts in braces that depend
-- on the program's rules come from set_operations/limits.py, those that depend on the order from device_order.py.
-- It is not materialized, so the planner sees if no stage overlaps and can run the query in parallel.
WITH gone AS NOT MATERIALIZED (
    SELECT stage_id, device_id FROM derms_departure WHERE stage_id = ANY(%(overlapping_stages)s::bigint[])),
held AS (
    SELECT device_id, bool_or(is_elsewhere) AS is_elsewhere
      FROM (SELECT r.device_id, r.stage_id <> ALL(%(own_stages)s::bigint[]) AS is_elsewhere
              FROM derms_reservation r
             WHERE r.stage_id = ANY(%(overlapping_stages)s::bigint[])
               AND NOT EXISTS (SELECT FROM gone WHERE gone.stage_id = r.stage_id AND gone.device_id = r.device_id)
            {or_kept}) every
     GROUP BY device_id),
unavailable AS (
    SELECT DISTINCT device_id FROM derms_deviceunavailability
     WHERE NOT canceled AND starts_at < %(ends_at)s AND ends_at > %(starts_at)s)
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
           WHEN held.is_elsewhere THEN 'reserved elsewhere'
           WHEN held.device_id IS NOT NULL THEN 'reserved by another stage of this event'
           ELSE {limit}
       END AS reason
  FROM (SELECT derms_candidate.*,
               CASE device_class WHEN 'thermostat' THEN %(thermostat)s::float8
                                 WHEN 'water_heater' THEN %(water_heater)s::float8
                                 WHEN 'ev_charger' THEN %(ev_charger)s::float8
                                 WHEN 'battery' THEN %(battery)s::float8 END AS share
          FROM derms_candidate) c
  {unavailable}
  {held}
 WHERE c.program_id = %(program)s AND c.zone_id = %(zone)s
   AND c.enrolled_from < %(ends_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(starts_at)s)
   {within_groups}
