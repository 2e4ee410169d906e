-- The devices of a DER group that are enrolled now, by id, with the figures of the whole group. One in several programs is in
-- the group if it is in one of them; the rate is the highest of these.
WITH member AS MATERIALIZED (
    SELECT c.device_id, max(c.rated_w) AS rated_w, max(c.rate_pm) AS rate_pm
      FROM derms_candidate c
     WHERE c.enrolled_from <= %(starts_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(ends_at)s)
       {within_groups}
     GROUP BY c.device_id),
whole AS (SELECT count(*) AS devices, coalesce(sum(rated_w), 0)::bigint AS rated_w FROM member)
SELECT d.id, h.code, d.nic_id, d.device_class, z.code, s.code, f.code, t.code, page.rated_w, page.rate_pm,
       whole.devices, whole.rated_w
  FROM (SELECT * FROM member WHERE device_id > %(after)s ORDER BY device_id LIMIT %(limit)s) page
  CROSS JOIN whole
  JOIN derms_device d ON d.id = page.device_id
  JOIN derms_headend h ON h.id = d.head_end_id
  JOIN derms_controlzone z ON z.id = d.zone_id
  JOIN derms_feeder f ON f.id = d.feeder_id
  JOIN derms_substation s ON s.id = f.substation_id
  JOIN derms_transformer t ON t.id = d.transformer_id
 ORDER BY page.device_id
