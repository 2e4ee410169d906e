-- The load of a zone from one moment to another, in steps: what it would have used, less what was delivered, with what comes
-- back of it over three hours, fading. Past hours that have a mean of their own keep what they would have used as well.
WITH step AS (
    SELECT at, at + %(step)s::interval AS until
      FROM generate_series(%(from)s::timestamptz, %(until)s::timestamptz - %(step)s::interval, %(step)s::interval) at),
report AS (
    SELECT d.stage_id, d.at, s.ends_at, d.reduction_w / 1000.0 AS kw,
           least(lead(d.at, 1, s.ends_at) OVER (PARTITION BY d.stage_id ORDER BY d.at), s.ends_at) AS until
      FROM derms_deliveredload d JOIN derms_stage s ON s.id = d.stage_id JOIN derms_event e ON e.id = s.event_id
     WHERE e.zone_id = %(zone)s AND s.ends_at > %(from)s::timestamptz - interval '3 hours' AND s.starts_at < %(until)s),
delivered AS (
    SELECT step.at, sum(kw * extract(epoch FROM least(step.until, report.until) - greatest(step.at, report.at))
                        / extract(epoch FROM %(step)s::interval))::float8 AS kw
      FROM step JOIN report ON report.at < step.until AND report.until > step.at GROUP BY step.at),
saved AS (
    SELECT stage_id, ends_at, sum(kw * extract(epoch FROM until - at) / 3600)::float8 AS kwh
      FROM report WHERE until > at GROUP BY stage_id, ends_at),
back AS (
    SELECT step.at, sum(%(comes_back)s * kwh * 2 / 3
                        * (1 - extract(epoch FROM step.at - ends_at)::float8 / 10800))::float8 AS kw
      FROM step JOIN saved ON step.at >= ends_at AND step.at < ends_at + interval '3 hours' GROUP BY step.at)
SELECT step.at, greatest(0, round(coalesce(f.metered_kw, f.forecast_kw) - coalesce(d.kw, 0) + coalesce(b.kw, 0)))::integer
  FROM step
  JOIN derms_loadforecast f ON f.zone_id = %(zone)s AND f.hour <= step.at AND f.hour > step.at - interval '1 hour'
  LEFT JOIN delivered d ON d.at = step.at
  LEFT JOIN back b ON b.at = step.at
 ORDER BY step.at
