-- Part of other statements: by head end system and class, how much of what devices report their meters confirm, and the
-- events behind it. Each event of 20 meters or more is one response, 0 to 1.5, of all its stages by their energy; it fades
-- by half in 90 days.
SELECT head_end_id, device_class, (5 + sum(weight * response)) / (5 + sum(weight)) AS share, count(*)::integer AS events
  FROM (SELECT r.head_end_id, r.device_class,
               least(1.5, greatest(0, sum(r.measured_w * lasted.s) / sum(r.reported_w * lasted.s))) AS response,
               0.5 ^ (extract(epoch FROM %(now)s - max(s.ends_at)) / 86400 / 90)::float8 AS weight
          FROM derms_realisation r JOIN derms_stage s ON s.id = r.stage_id
         CROSS JOIN LATERAL (SELECT extract(epoch FROM s.ends_at - s.starts_at)::float8 AS s) lasted
         WHERE s.ends_at <= %(now)s AND s.ends_at > %(now)s - interval '2 years'
         GROUP BY r.head_end_id, r.device_class, s.event_id
        HAVING sum(r.meters) >= 20 AND sum(r.reported_w) > 0) told
 GROUP BY head_end_id, device_class
