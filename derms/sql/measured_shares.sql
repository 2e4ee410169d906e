-- Part of other statements: by head end system and class, how much of what devices report their meters confirm, and the
-- events behind it. Each event of 20 meters or more is a response, 0 to 1.5; it fades by half in 90 days.
SELECT head_end_id, device_class, (5 + sum(weight * response)) / (5 + sum(weight)) AS share,
       count(DISTINCT event_id)::integer AS events
  FROM (SELECT r.head_end_id, r.device_class, s.event_id,
               least(1.5, greatest(0, r.measured_w::float8 / r.reported_w)) AS response,
               0.5 ^ (extract(epoch FROM %(now)s - s.ends_at) / 86400 / 90)::float8 AS weight
          FROM derms_realisation r JOIN derms_stage s ON s.id = r.stage_id
         WHERE r.meters >= 20 AND r.reported_w > 0
           AND s.ends_at <= %(now)s AND s.ends_at > %(now)s - interval '2 years') told
 GROUP BY head_end_id, device_class
