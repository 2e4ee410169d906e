-- Sets the reduction factors of each forecast hour of a zone: a daily shape per class; cooling also follows the load.
WITH shape (device_class, by_local_hour, weather) AS (VALUES
    ('thermostat',   '{.30,.26,.24,.22,.22,.24,.28,.32,.36,.42,.50,.58,.66,.74,.82,.88,.92,.94,.90,.82,.70,.56,.44,.36}'::float[], 1.0),
    ('water_heater', '{.08,.06,.05,.06,.10,.22,.36,.38,.30,.22,.18,.16,.16,.15,.15,.18,.24,.32,.36,.34,.28,.22,.16,.11}', 0),
    ('ev_charger',   '{.42,.36,.28,.20,.14,.10,.08,.08,.10,.12,.12,.12,.12,.12,.14,.18,.26,.36,.44,.48,.50,.50,.48,.46}', 0),
    ('battery',      '{.60,.60,.58,.55,.55,.55,.55,.58,.62,.68,.72,.76,.80,.84,.86,.88,.88,.86,.82,.76,.70,.66,.62,.60}', 0)),
hour AS (
    SELECT hour, forecast_kw::float / max(forecast_kw) OVER () AS load,
           extract(hour FROM hour AT TIME ZONE zone.time_zone)::integer AS local_hour
      FROM derms_loadforecast JOIN derms_controlzone zone ON zone.id = zone_id
     WHERE zone_id = %(zone)s)
INSERT INTO derms_reductionfactor (zone_id, device_class, hour, factor)
SELECT %(zone)s, device_class, hour,
       round((by_local_hour[local_hour + 1] * (1 - weather + weather * load))::numeric, 4)::float
  FROM shape, hour
    ON CONFLICT (zone_id, device_class, hour) DO UPDATE SET factor = excluded.factor
 WHERE derms_reductionfactor.hour > %(now)s
