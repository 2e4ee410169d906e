-- Chooses the devices of one stage and counts why each other device of its program and groups was left out.
WITH factor AS (
    SELECT max(factor) FILTER (WHERE device_class = 'thermostat') AS thermostat,
           max(factor) FILTER (WHERE device_class = 'water_heater') AS water_heater,
           max(factor) FILTER (WHERE device_class = 'ev_charger') AS ev_charger,
           max(factor) FILTER (WHERE device_class = 'battery') AS battery
      FROM (SELECT device_class, sum(factor * seconds) / sum(seconds) AS factor
              FROM (SELECT device_class, factor,
                           extract(epoch FROM least(hour + interval '1 hour', %(ends_at)s) - greatest(hour, %(starts_at)s))
                               AS seconds
                      FROM derms_reductionfactor
                     WHERE zone_id = %(zone)s AND hour > %(starts_at)s - interval '1 hour' AND hour < %(ends_at)s) hours
             GROUP BY device_class) classes),
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
unavailable AS (
    SELECT DISTINCT device_id FROM derms_deviceunavailability
     WHERE NOT canceled AND starts_at < %(ends_at)s AND ends_at > %(starts_at)s),
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
    SELECT d.id, coalesce(u.last_called_at, '-infinity') AS last_called_at,
           (coalesce(bit_count(u.recent::bit(10)), 0) + 4)::float / (coalesce(u.calls, 0) + 5) AS score,
           round(d.rated_w * d.factor * %(control_factor)s
                 * (coalesce(bit_count(u.recent::bit(10)), 0) + 4) / (coalesce(u.calls, 0) + 5))::integer AS expected_w,
           CASE
               WHEN %(broken_rule)s::text IS NOT NULL THEN %(broken_rule)s
               WHEN e.starts_at > %(starts_at)s OR e.ends_at < %(ends_at)s
                    OR d.registered_at > %(starts_at)s OR d.ended_at < %(ends_at)s THEN 'not enrolled for the whole window'
               WHEN d.factor IS NULL THEN 'no forecast for its class'
               WHEN %(critical_care_exempt)s AND d.critical_care THEN 'rule: critical care'
               WHEN unavailable.device_id IS NOT NULL THEN 'unavailable'
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
      JOIN (SELECT derms_device.*,
                   CASE device_class WHEN 'thermostat' THEN thermostat WHEN 'water_heater' THEN water_heater
                                     WHEN 'ev_charger' THEN ev_charger WHEN 'battery' THEN battery END AS factor
              FROM derms_device, factor) d ON d.id = e.device_id
      LEFT JOIN derms_device_usage u ON u.device_id = d.id
      LEFT JOIN unavailable ON unavailable.device_id = d.id
      LEFT JOIN held ON held.device_id = d.id
      LEFT JOIN use ON use.device_id = d.id
     WHERE e.program_id = %(program)s AND d.zone_id = %(zone)s
       AND e.starts_at < %(ends_at)s AND (e.ends_at IS NULL OR e.ends_at > %(starts_at)s)
       {within_groups}),
-- Devices of one score, last called at one moment, stand together in the ranking; there are few such ranks, so the running
-- sum over them replaces sorting the devices. Only those of the rank in which the goal is met go by their id.
rank AS MATERIALIZED (
    SELECT reason, score, last_called_at, count(*) AS n, coalesce(sum(expected_w), 0)::bigint AS w
      FROM candidate GROUP BY reason, score, last_called_at),
running AS (
    SELECT *, sum(w) OVER (ORDER BY score DESC, last_called_at ROWS UNBOUNDED PRECEDING) - w AS before_w
      FROM rank WHERE reason IS NULL),
last_rank AS MATERIALIZED (SELECT * FROM running WHERE before_w < %(goal_w)s::bigint ORDER BY before_w DESC, w DESC LIMIT 1),
at_last_rank AS MATERIALIZED (
    SELECT c.id, c.expected_w,
           last_rank.before_w + sum(c.expected_w) OVER (ORDER BY c.id ROWS UNBOUNDED PRECEDING) - c.expected_w AS before_w
      FROM candidate c, last_rank
     WHERE c.reason IS NULL AND c.score = last_rank.score AND c.last_called_at = last_rank.last_called_at),
needed AS (
    SELECT id, expected_w FROM candidate c
     WHERE reason IS NULL
       AND (%(goal_w)s::bigint IS NULL
            OR c.score > (SELECT score FROM last_rank)
            OR c.score = (SELECT score FROM last_rank) AND c.last_called_at < (SELECT last_called_at FROM last_rank))
     UNION ALL
    SELECT id, expected_w FROM at_last_rank WHERE before_w < %(goal_w)s::bigint),
needed_sum AS (
    SELECT coalesce(sum(n), 0)::bigint AS n, coalesce(sum(w), 0)::bigint AS w
      FROM (SELECT n, w FROM running WHERE %(goal_w)s::bigint IS NULL OR before_w < (SELECT before_w FROM last_rank)
             UNION ALL
            SELECT count(*), sum(expected_w) FROM at_last_rank WHERE before_w < %(goal_w)s::bigint) needed),
reserved AS ({keep})
SELECT NULL AS reason, n, w FROM needed_sum
 UNION ALL
SELECT 'not needed', eligible.n - needed_sum.n, eligible.w - needed_sum.w
  FROM (SELECT coalesce(sum(n), 0)::bigint AS n, coalesce(sum(w), 0)::bigint AS w FROM running) eligible, needed_sum
 UNION ALL
SELECT reason, sum(n)::bigint, sum(w)::bigint FROM rank WHERE reason IS NOT NULL GROUP BY reason
