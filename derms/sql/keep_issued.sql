-- Keeps what was just loaded of hours that aren't over, with its time of issue.
INSERT INTO derms_issuedforecast (zone_id, hour, source, issued_at, forecast_kw, low_kw, high_kw)
SELECT zone_id, hour, source, %(now)s, forecast_kw, low_kw, high_kw
  FROM derms_loadforecast
 WHERE zone_id = ANY(%(zones)s::bigint[]) AND source = 'file' AND loaded_at >= transaction_timestamp()
   AND hour + interval '1 hour' > %(now)s
    ON CONFLICT (zone_id, hour, source, issued_at) DO NOTHING
