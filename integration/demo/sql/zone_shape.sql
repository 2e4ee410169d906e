-- A zone hour by hour: its load, and the reduction factors by class.
SELECT extract(epoch FROM f.hour)::bigint / 3600, coalesce(f.metered_kw, f.forecast_kw)::float8,
       max(r.factor) FILTER (WHERE r.device_class = 'thermostat'),
       max(r.factor) FILTER (WHERE r.device_class = 'water_heater'),
       max(r.factor) FILTER (WHERE r.device_class = 'ev_charger')
  FROM derms_loadforecast f
  JOIN derms_controlzone z ON z.id = f.zone_id
  JOIN derms_reductionfactor r ON r.zone_id = f.zone_id AND r.hour = f.hour
 WHERE z.code = %(zone)s GROUP BY f.id ORDER BY f.hour
