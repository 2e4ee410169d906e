-- Part of other statements: the devices a stage may choose from, each with its place, expected W and the number of the
-- reason it is left out, from 1 on (set_operations/choosing.py). A place is a rank and a part of the zone's ids in one
-- number (places.py). The parts in braces that depend on the program's rules, and on what else the devices do, come from
-- limits.py, those that depend on the order from device_order.py. Nothing is joined to the candidates, so that PostgreSQL
-- visits each of them once, on all cores. Who uses a reason or a place uses it once: PostgreSQL computes it again in each
-- expression that does.
SELECT c.device_id, ({rank}) * %(parts)s + (c.nth >> %(part_bits)s) AS place, {expected} AS expected_w,
       round(c.rated_w * c.share)::integer AS nominal_w,
       CASE
           WHEN %(breaks_rule)s THEN 1
           WHEN c.enrolled_from > %(starts_at)s OR c.enrolled_until < %(ends_at)s THEN 2
           WHEN c.rated_w * c.share <= 0.5 THEN
               CASE WHEN c.device_class = ANY(%(not_for_control)s::derms_device_class[]) THEN 3
                    WHEN c.device_class = ANY(%(without_forecast)s::derms_device_class[]) THEN 4 ELSE 5 END
           WHEN c.silent_run >= 3 AND c.last_called_on > %(day)s::date - 14 THEN 6
           {exemptions}
           ELSE {known}
       END AS reason
  FROM (SELECT c.*, (c.device_id - %(first_id)s)::integer AS nth,
               CASE c.device_class WHEN 'thermostat' THEN %(thermostat)s::float8
                                   WHEN 'water_heater' THEN %(water_heater)s::float8
                                   WHEN 'ev_charger' THEN %(ev_charger)s::float8
                                   WHEN 'battery' THEN %(battery)s::float8 END AS share
          FROM derms_candidate c
         WHERE c.program_id = %(program)s AND c.zone_id = %(zone)s AND c.device_id BETWEEN %(first_id)s AND %(last_id)s
           AND c.enrolled_from < %(ends_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(starts_at)s)
           {within}) c
