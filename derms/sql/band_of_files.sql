-- The band of forecasts that files and programs said of hours to come: as far as the load was from those in force lately.
UPDATE derms_loadforecast f SET low_kw = f.forecast_kw + s.low_kw, high_kw = f.forecast_kw + s.high_kw
  FROM derms_forecastskill s JOIN derms_controlzone z ON z.id = s.zone_id
 WHERE s.zone_id = ANY(%(zones)s::bigint[]) AND f.zone_id = s.zone_id AND f.source = 'file' AND f.hour > %(now)s
   AND s.hour = extract(hour FROM f.hour AT TIME ZONE z.time_zone)
   AND (f.low_kw, f.high_kw) IS DISTINCT FROM (f.forecast_kw + s.low_kw, f.forecast_kw + s.high_kw)
