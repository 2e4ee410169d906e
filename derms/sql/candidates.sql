-- Part of other statements: the devices a stage may choose from, each with its place, expected W and the reason it is
-- left out. A place is a rank and a part of the zone's ids in one number: of two, PostgreSQL would expect far more groups.
-- The parts in braces that depend on the program's rules, and on what else the devices do, come from
-- set_operations/limits.py, those that depend on the order from device_order.py. Nothing is joined to the candidates, so
-- that PostgreSQL visits each of them once, on all cores. Who uses a reason or a place more than once adds OFFSET '0', or
-- PostgreSQL computes it again in each expression that uses it (simulated_calls.sql).
SELECT c.device_id, ({rank}) * %(parts)s + (c.device_id - %(first_id)s) / %(part_ids)s AS place, {expected} AS expected_w,
       round(c.rated_w * c.share)::integer AS nominal_w,
       CASE
           WHEN %(broken_rule)s::text IS NOT NULL THEN %(broken_rule)s
           WHEN c.enrolled_from > %(starts_at)s OR c.enrolled_until < %(ends_at)s THEN 'not enrolled for the whole window'
           WHEN c.device_class = ANY(%(not_for_control)s::derms_device_class[]) THEN 'not for this control'
           WHEN c.device_class = ANY(%(without_forecast)s::derms_device_class[]) THEN 'no forecast for its class'
           WHEN round(c.rated_w * c.share) = 0 THEN 'nothing to give now'
           WHEN c.silent_run >= 3 AND c.last_called_on > %(day)s::date - 14 THEN 'never answers'
           {exemptions}
           ELSE {known}
       END AS reason
  FROM (SELECT derms_candidate.*,
               CASE device_class WHEN 'thermostat' THEN %(thermostat)s::float8
                                 WHEN 'water_heater' THEN %(water_heater)s::float8
                                 WHEN 'ev_charger' THEN %(ev_charger)s::float8
                                 WHEN 'battery' THEN %(battery)s::float8 END AS share
          FROM derms_candidate) c
 WHERE c.program_id = %(program)s AND c.zone_id = %(zone)s
   AND c.enrolled_from < %(ends_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(starts_at)s)
   {within}
