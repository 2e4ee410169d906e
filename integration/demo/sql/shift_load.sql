-- Writes a zone's forecast from its staged metered load, shifted in time; past hours keep their values.
WITH moved AS (
    SELECT (hour_ending AT TIME ZONE INTERVAL '-04:00') - interval '1 hour' + %(shift)s AS hour,
           load_mw * %(kw_per_mw)s AS load_kw
      FROM demo_metered WHERE source = %(source)s),
expected AS (
    SELECT hour, load_kw,
           avg(load_kw) OVER (PARTITION BY (extract(epoch FROM hour)::bigint / 3600) %% 168
                              ORDER BY hour ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING) AS forecast_kw
      FROM moved)
INSERT INTO derms_loadforecast (zone_id, hour, forecast_kw, metered_kw, source)
SELECT %(zone)s, hour, round(forecast_kw), round(load_kw), 'file' FROM expected WHERE forecast_kw IS NOT NULL
    ON CONFLICT (zone_id, hour) DO UPDATE SET forecast_kw = excluded.forecast_kw, metered_kw = excluded.metered_kw,
           source = excluded.source, low_kw = NULL, high_kw = NULL,
           loaded_at = excluded.loaded_at
 WHERE derms_loadforecast.hour > %(now)s
