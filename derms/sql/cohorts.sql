-- Devices that are alike, from those kept for each hour of each program (set_operations/cohorts.py): of one program, class,
-- response band and number of events this season, callable in the same hours. A row for each hour, with the W expected then.
-- A device of several programs counts in the one in which it gives most.
WITH hours AS (
    SELECT * FROM unnest(%(stages)s::bigint[], %(programs)s::bigint[], %(hours)s::integer[]) h (stage_id, program_id, hour)),
callable AS MATERIALIZED (
    SELECT h.program_id, k.device_id, bit_or(1 << h.hour) AS callable_in, sum(k.expected_w) AS watts
      FROM {kept} k JOIN hours h USING (stage_id) GROUP BY h.program_id, k.device_id),
once AS MATERIALIZED (
    SELECT DISTINCT ON (device_id) device_id, program_id, callable_in
      FROM callable ORDER BY device_id, watts DESC, program_id),
known AS (
    SELECT c.device_id, c.program_id, max(c.rate_pm) / 250 AS band,
           max(CASE WHEN c.season = %(season)s THEN least(c.season_events, 12) ELSE 0 END) AS events
      FROM derms_candidate c WHERE c.zone_id = %(zone)s GROUP BY c.device_id, c.program_id)
SELECT o.program_id, d.device_class::text, n.band, n.events, o.callable_in, h.hour, count(*), sum(k.expected_w)::bigint
  FROM once o
  JOIN known n USING (device_id, program_id)
  JOIN derms_device d ON d.id = o.device_id
  JOIN hours h ON h.program_id = o.program_id
  JOIN {kept} k ON k.device_id = o.device_id AND k.stage_id = h.stage_id
 GROUP BY o.program_id, d.device_class, n.band, n.events, o.callable_in, h.hour
 ORDER BY 1, 2, 3, 4, 5, 6
