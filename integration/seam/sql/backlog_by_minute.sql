-- Count the deliveries open at each full minute since a given one: of the newest ones and all that are open now.
WITH known AS (
    (SELECT id, created_at, least(delivered_at, dead_at, discarded_at) AS closed_at
       FROM integration_delivery ORDER BY id DESC LIMIT %(newest)s)
    UNION
    (SELECT id, created_at, NULL
       FROM integration_delivery WHERE delivered_at IS NULL AND dead_at IS NULL AND discarded_at IS NULL)
), moments AS (
    SELECT created_at AS at, 1 AS step FROM known
     UNION ALL
    SELECT closed_at, -1 FROM known WHERE closed_at IS NOT NULL
), steps AS (
    SELECT ceil(extract(epoch FROM greatest(at, %(since)s) - %(since)s) / 60) AS n, sum(step) AS step
      FROM moments GROUP BY 1
)
SELECT %(since)s + n * interval '1 minute', sum(coalesce(step, 0)) OVER (ORDER BY n)
  FROM generate_series(0, %(minutes)s) AS n LEFT JOIN steps USING (n)
 ORDER BY n
