-- Count the devices of a stage that had answered, rejected or overridden the call by the end of each minute until now.
WITH moments AS (
    SELECT answered_at AS at, 1 AS answered, (answer IN ('rejected', 'failed'))::int AS rejected, 0 AS overridden
      FROM {calls} WHERE stage_id = %(stage)s AND answered_at <= %(now)s
     UNION ALL
    SELECT overridden_at, 0, 0, 1
      FROM {calls} WHERE stage_id = %(stage)s AND overridden_at <= %(now)s
), steps AS (
    SELECT ceil(extract(epoch FROM at - %(since)s) / 60) AS n,
           sum(answered) AS answered, sum(rejected) AS rejected, sum(overridden) AS overridden
      FROM moments GROUP BY 1
)
SELECT least(%(since)s + n * interval '1 minute', %(now)s),
       sum(coalesce(answered, 0)) OVER so_far, sum(coalesce(rejected, 0)) OVER so_far,
       sum(coalesce(overridden, 0)) OVER so_far
  FROM generate_series(0, ceil(extract(epoch FROM %(now)s - %(since)s) / 60)) AS n LEFT JOIN steps USING (n)
WINDOW so_far AS (ORDER BY n)
 ORDER BY n
