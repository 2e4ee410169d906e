-- The share of its rated power that each device class is expected to reduce by, averaged over a stage's window.
SELECT device_class, sum(factor::numeric * seconds) / sum(seconds)
  FROM (SELECT device_class, factor,
               extract(epoch FROM least(hour + interval '1 hour', %(ends_at)s) - greatest(hour, %(starts_at)s)) AS seconds
          FROM derms_reductionfactor
         WHERE zone_id = %(zone)s AND hour > %(starts_at)s - interval '1 hour' AND hour < %(ends_at)s) hours
 GROUP BY device_class
