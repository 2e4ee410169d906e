-- The load of a zone by local day and hour of the clock, kW, as if there had been no events: what was metered, and what was
-- reported as delivered; beside it the forecast that was in force. A clock that is set back makes two hours one: their mean.
-- Hours that nobody forecast are those that meters said three quarters of.
WITH hour AS (
    SELECT hour, metered_kw::float8 AS kw, forecast_kw::float8 AS forecast_kw
      FROM derms_loadforecast
     WHERE zone_id = %(zone)s AND metered_kw IS NOT NULL
       AND hour >= %(since)s AND hour <= %(now)s::timestamptz - interval '1 hour'
     UNION ALL
    SELECT date_trunc('hour', m.starts_at, %(time_zone)s), sum(m.load_kw::float8 * m.length_s) / sum(m.length_s), NULL
      FROM derms_meteredload m
     WHERE m.zone_id = %(zone)s
       AND m.starts_at >= %(since)s AND m.starts_at <= %(now)s::timestamptz - interval '1 hour'
       AND NOT EXISTS (SELECT FROM derms_loadforecast f
                        WHERE f.zone_id = m.zone_id AND f.metered_kw IS NOT NULL
                          AND f.hour = date_trunc('hour', m.starts_at, %(time_zone)s))
     GROUP BY 1 HAVING sum(m.length_s) >= 2700),
report AS (
    SELECT d.at, d.reduction_w / 1000.0::float8 AS kw,
           least(lead(d.at, 1, over.at) OVER (PARTITION BY d.stage_id ORDER BY d.at), over.at) AS until
      FROM derms_deliveredload d JOIN derms_stage s ON s.id = d.stage_id JOIN derms_event e ON e.id = s.event_id
     -- A stage that is canceled while it runs delivers nothing more.
     CROSS JOIN LATERAL (SELECT least(s.ends_at, coalesce(s.ended_at, s.ends_at)) AS at) over
     WHERE e.zone_id = %(zone)s AND s.ends_at > %(since)s),
delivered AS (
    SELECT spanned.hour, sum(report.kw * extract(epoch FROM least(spanned.hour + interval '1 hour', report.until)
                                                            - greatest(spanned.hour, report.at)) / 3600)::float8 AS kw
      FROM report
     CROSS JOIN LATERAL generate_series(date_trunc('hour', report.at, %(time_zone)s),
                                        report.until - interval '1 microsecond', interval '1 hour') spanned (hour)
     WHERE report.until > report.at
     GROUP BY spanned.hour)
SELECT (hour.hour AT TIME ZONE %(time_zone)s)::date, extract(hour FROM hour.hour AT TIME ZONE %(time_zone)s)::integer,
       avg(hour.kw + coalesce(delivered.kw, 0)), avg(hour.forecast_kw), max(hour.hour)
  FROM hour LEFT JOIN delivered USING (hour)
 GROUP BY 1, 2
