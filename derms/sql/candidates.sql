-- Part of other statements: the devices a stage may choose from, the rank and expected W of each, and why it is left out.
-- Devices that have left a stage that would hold or count them: free again, and never called there. Nothing here is
-- materialized, so that where no stage overlaps or counts the planner sees so, and shares the work among processors.
WITH gone AS NOT MATERIALIZED (
    SELECT stage_id, device_id
      FROM derms_departure
     WHERE stage_id = ANY(%(overlapping_stages)s::bigint[] || %(counted_stages)s::bigint[])),
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
      FROM past GROUP BY device_id)
SELECT c.device_id, c.score, c.last_called_at,
       round(c.rated_w * c.share * c.score)::integer AS expected_w,
       CASE
           WHEN %(broken_rule)s::text IS NOT NULL THEN %(broken_rule)s
           WHEN c.enrolled_from > %(starts_at)s OR c.enrolled_until < %(ends_at)s THEN 'not enrolled for the whole window'
           WHEN c.device_class = ANY(%(without_forecast)s::derms_device_class[]) THEN 'no forecast for its class'
           WHEN %(critical_care_exempt)s AND c.critical_care THEN 'rule: critical care'
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
           WHEN %(consecutive_days)s::integer IS NOT NULL
                AND EXISTS (SELECT FROM generate_series(0, %(consecutive_days)s::integer) back
                             WHERE (SELECT count(*) FROM unnest(use.days) day
                                     WHERE day <> %(day)s AND day - %(day)s::date BETWEEN -back AND %(consecutive_days)s - back)
                                   = %(consecutive_days)s) THEN 'rule: consecutive days'
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
 WHERE c.program_id = %(program)s AND c.zone_id = %(zone)s
   AND c.enrolled_from < %(ends_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(starts_at)s)
   {within_groups}
