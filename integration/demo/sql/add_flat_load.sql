-- Sets the same forecast load and reduction factors in each of the given hours of a zone.
WITH hour AS (SELECT %(start)s + n * interval '1 hour' AS hour FROM generate_series(0, %(hours)s - 1) n),
load AS (
    INSERT INTO derms_loadforecast (zone_id, hour, forecast_kw) SELECT %(zone)s, hour, %(load_kw)s FROM hour
        ON CONFLICT (zone_id, hour) DO UPDATE SET forecast_kw = excluded.forecast_kw, loaded_at = excluded.loaded_at)
INSERT INTO derms_reductionfactor (zone_id, device_class, hour, factor)
SELECT %(zone)s, device_class, hour, %(factor)s FROM hour, unnest(%(classes)s) device_class
    ON CONFLICT (zone_id, device_class, hour) DO UPDATE SET factor = excluded.factor
