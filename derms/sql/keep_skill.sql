-- How good the forecasts of a zone were, hour by hour of the clock: the latest reckoning replaces the one before.
INSERT INTO derms_forecastskill (zone_id, hour, method, days, error_pct, like_weekdays_pct, in_force_pct, low_kw, high_kw,
                                 reckoned_at)
SELECT %(zone)s, n - 1, %(method)s, %(days)s, own, naive, in_force, low, high, %(now)s
  FROM unnest(%(own)s::float8[], %(naive)s::float8[], %(in_force)s::float8[], %(low)s::integer[], %(high)s::integer[])
       WITH ORDINALITY AS one(own, naive, in_force, low, high, n)
    ON CONFLICT (zone_id, hour) DO UPDATE
   SET method = excluded.method, days = excluded.days, error_pct = excluded.error_pct,
       like_weekdays_pct = excluded.like_weekdays_pct, in_force_pct = excluded.in_force_pct, low_kw = excluded.low_kw,
       high_kw = excluded.high_kw, reckoned_at = excluded.reckoned_at
