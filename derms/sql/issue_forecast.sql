-- Gridcall's own forecast of hours to come, kept with its time of issue. It is in force where no file or program said
-- anything.
WITH said AS (
    SELECT hour, kw, low, high
      FROM unnest(%(hours)s::timestamptz[], %(kw)s::integer[], %(low)s::integer[], %(high)s::integer[])
           AS one(hour, kw, low, high)),
issued AS (
    INSERT INTO derms_issuedforecast (zone_id, hour, source, issued_at, forecast_kw, low_kw, high_kw)
    SELECT %(zone)s, hour, %(source)s, %(now)s, kw, low, high FROM said
        ON CONFLICT (zone_id, hour, source, issued_at) DO NOTHING)
INSERT INTO derms_loadforecast AS known (zone_id, hour, forecast_kw, low_kw, high_kw, source)
SELECT %(zone)s, hour, kw, low, high, %(source)s FROM said ORDER BY hour
    ON CONFLICT (zone_id, hour) DO UPDATE
   SET forecast_kw = excluded.forecast_kw, low_kw = excluded.low_kw, high_kw = excluded.high_kw,
       loaded_at = excluded.loaded_at
 WHERE known.source = excluded.source
