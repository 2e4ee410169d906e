-- Chooses the devices of one stage and counts why each other device of its program and groups was left out.
WITH factor AS (
    SELECT device_class, sum(factor * seconds) / sum(seconds) AS factor
      FROM (SELECT device_class, factor,
                   extract(epoch FROM least(hour + interval '1 hour', %(ends_at)s) - greatest(hour, %(starts_at)s)) AS seconds
              FROM derms_reductionfactor
             WHERE zone_id = %(zone)s AND hour > %(starts_at)s - interval '1 hour' AND hour < %(ends_at)s) hours
     GROUP BY device_class),
der_group AS (
    SELECT criteria.*
      FROM derms_stage_der_groups chosen JOIN derms_dergroup criteria ON criteria.id = chosen.dergroup_id
     WHERE chosen.stage_id = %(stage)s),
-- Devices that have left a stage that would hold or count them: free again, and never called there.
gone AS MATERIALIZED (
    SELECT s.id AS stage_id, d.id AS device_id
      FROM derms_stage s
      JOIN derms_removal m ON m.stage_uid = s.uid AND m.answer IN ('removed', 'released')
      JOIN derms_headend h ON h.code = m.head_end
      JOIN derms_device d ON d.head_end_id = h.id AND d.nic_id = m.nic_id
     WHERE s.id = ANY(%(overlapping_stages)s::bigint[] || %(counted_stages)s::bigint[])),
held AS (
    SELECT DISTINCT r.device_id
      FROM derms_reservation r
     WHERE r.stage_id = ANY(%(overlapping_stages)s::bigint[])
       AND NOT EXISTS (SELECT FROM gone WHERE gone.stage_id = r.stage_id AND gone.device_id = r.device_id)),
-- What the program's limits count: other events in which the device is or was reserved for this program.
past AS (
    SELECT r.device_id, s.event_id, s.starts_at, s.ends_at,
           (s.starts_at AT TIME ZONE %(time_zone)s)::date AS day,
           extract(epoch FROM s.ends_at - s.starts_at) / 3600 AS hours,
           s.starts_at >= %(week_from)s AND s.starts_at < %(week_until)s AS this_week,
           s.starts_at >= %(month_from)s AND s.starts_at < %(month_until)s AS this_month,
           s.starts_at >= %(season_from)s AND s.starts_at < %(season_until)s AS this_season
      FROM derms_reservation r JOIN derms_stage s ON s.id = r.stage_id
     WHERE r.stage_id = ANY(%(counted_stages)s::bigint[])
       AND NOT EXISTS (SELECT FROM gone WHERE gone.stage_id = r.stage_id AND gone.device_id = r.device_id)),
use AS (
    SELECT device_id,
           count(DISTINCT event_id) FILTER (WHERE this_week AND event_id <> %(event)s) AS week_events,
           count(DISTINCT event_id) FILTER (WHERE this_month AND event_id <> %(event)s) AS month_events,
           count(DISTINCT event_id) FILTER (WHERE this_season AND event_id <> %(event)s) AS season_events,
           coalesce(sum(hours) FILTER (WHERE this_week), 0) AS week_hours,
           coalesce(sum(hours) FILTER (WHERE this_month), 0) AS month_hours,
           coalesce(sum(hours) FILTER (WHERE this_season), 0) AS season_hours,
           coalesce(bool_or(event_id <> %(event)s
                            AND starts_at < %(ends_at)s + %(gap)s::interval
                            AND ends_at > %(starts_at)s - %(gap)s::interval), false) AS too_close,
           array_agg(DISTINCT day) AS days
      FROM past GROUP BY device_id),
candidate AS MATERIALIZED (
    SELECT d.id, u.last_called_at,
           (coalesce(bit_count(u.recent::bit(10)), 0) + 4)::float / (coalesce(u.calls, 0) + 5) AS score,
           round(d.rated_w * f.factor * %(control_factor)s
                 * (coalesce(bit_count(u.recent::bit(10)), 0) + 4) / (coalesce(u.calls, 0) + 5))::integer AS expected_w,
           CASE
               WHEN %(broken_rule)s::text IS NOT NULL THEN %(broken_rule)s
               WHEN e.starts_at > %(starts_at)s OR e.ends_at < %(ends_at)s
                    OR d.registered_at > %(starts_at)s OR d.ended_at < %(ends_at)s THEN 'not enrolled for the whole window'
               WHEN f.factor IS NULL THEN 'no forecast for its class'
               WHEN %(critical_care_exempt)s AND d.critical_care THEN 'rule: critical care'
               WHEN EXISTS (SELECT FROM derms_deviceunavailability n
                             WHERE n.device_id = d.id AND NOT n.canceled
                               AND n.starts_at < %(ends_at)s AND n.ends_at > %(starts_at)s) THEN 'unavailable'
               WHEN held.device_id IS NOT NULL THEN 'reserved elsewhere'
               WHEN coalesce(use.week_events, 0) >= %(events_per_week)s THEN 'rule: events per week'
               WHEN coalesce(use.month_events, 0) >= %(events_per_month)s THEN 'rule: events per month'
               WHEN coalesce(use.season_events, 0) >= %(events_per_season)s THEN 'rule: events per season'
               WHEN coalesce(use.week_hours, 0) + %(hours)s > %(hours_per_week)s THEN 'rule: hours per week'
               WHEN coalesce(use.month_hours, 0) + %(hours)s > %(hours_per_month)s THEN 'rule: hours per month'
               WHEN coalesce(use.season_hours, 0) + %(hours)s > %(hours_per_season)s THEN 'rule: hours per season'
               WHEN use.too_close THEN 'rule: gap between events'
               -- Some run of one day more than allowed holds this day, and every other day of it has a call.
               WHEN EXISTS (SELECT FROM generate_series(0, %(consecutive_days)s::integer) back
                             WHERE (SELECT count(*) FROM unnest(use.days) day
                                     WHERE day <> %(day)s AND day - %(day)s::date BETWEEN -back AND %(consecutive_days)s - back)
                                   = %(consecutive_days)s) THEN 'rule: consecutive days'
           END AS reason
      FROM derms_enrollment e
      JOIN derms_device d ON d.id = e.device_id
      LEFT JOIN factor f ON f.device_class = d.device_class
      LEFT JOIN derms_device_usage u ON u.device_id = d.id
      LEFT JOIN held ON held.device_id = d.id
      LEFT JOIN use ON use.device_id = d.id
     WHERE e.program_id = %(program)s AND d.zone_id = %(zone)s
       AND e.starts_at < %(ends_at)s AND (e.ends_at IS NULL OR e.ends_at > %(starts_at)s)
       AND (NOT EXISTS (SELECT FROM der_group)
            OR EXISTS (SELECT FROM der_group g
                        WHERE (g.device_classes = '{{}}' OR d.device_class = ANY(g.device_classes))
                          AND (g.feeder_ids = '{{}}' OR d.feeder_id = ANY(g.feeder_ids))
                          AND (g.head_end_ids = '{{}}' OR d.head_end_id = ANY(g.head_end_ids))
                          AND (g.program_ids = '{{}}' OR EXISTS (SELECT FROM derms_enrollment also
                                   WHERE also.device_id = d.id AND also.program_id = ANY(g.program_ids)
                                     AND also.starts_at <= %(starts_at)s
                                     AND (also.ends_at IS NULL OR also.ends_at >= %(ends_at)s)))))),
ranked AS (
    SELECT id, expected_w,
           sum(expected_w) OVER (ORDER BY score DESC, last_called_at NULLS FIRST, id ROWS UNBOUNDED PRECEDING)
           - expected_w AS before_w
      FROM candidate WHERE reason IS NULL),
needed AS (SELECT id, expected_w FROM ranked WHERE %(goal_w)s::bigint IS NULL OR before_w < %(goal_w)s),
reserved AS ({keep})
SELECT NULL AS reason, count(*), coalesce(sum(expected_w), 0)::bigint FROM reserved
 UNION ALL
SELECT 'not needed', eligible.n - needed.n, eligible.w - needed.w
  FROM (SELECT count(*) AS n, coalesce(sum(expected_w), 0)::bigint AS w FROM ranked) eligible,
       (SELECT count(*) AS n, coalesce(sum(expected_w), 0)::bigint AS w FROM needed) needed
 UNION ALL
SELECT reason, count(*), coalesce(sum(expected_w), 0)::bigint FROM candidate WHERE reason IS NOT NULL GROUP BY reason
