-- The mean of each hour that is over and of which something was said, if its minutes cover three quarters of it or more.
UPDATE derms_loadforecast f SET metered_kw = mean.kw
  FROM (SELECT h.id, round(sum(m.load_kw::float8 * m.length_s) / sum(m.length_s)) AS kw
          FROM derms_loadforecast h
          JOIN derms_meteredload m ON m.zone_id = h.zone_id AND m.starts_at >= h.hour
                                  AND m.starts_at < h.hour + interval '1 hour'
         WHERE h.zone_id = %(zone)s AND h.hour <= %(now)s::timestamptz - interval '1 hour'
           AND EXISTS (SELECT FROM unnest(%(starts)s::timestamptz[]) said(at)
                        WHERE said.at >= h.hour AND said.at < h.hour + interval '1 hour')
         GROUP BY h.id HAVING sum(m.length_s) >= 2700) mean
 WHERE f.id = mean.id AND f.metered_kw IS DISTINCT FROM mean.kw
