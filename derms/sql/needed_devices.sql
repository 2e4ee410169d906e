-- The devices a stage needs: all that rank before the one in which the goal is met, and of that one as many as it takes, by id.
WITH candidate AS NOT MATERIALIZED ({candidates}),
eligible AS NOT MATERIALIZED (
    SELECT *, (successes + 4)::float8 / (calls + 5) AS score FROM candidate WHERE reason IS NULL)
SELECT device_id, expected_w
  FROM eligible
 WHERE %(last_score)s::float8 IS NULL
    OR score > %(last_score)s::float8
    OR score = %(last_score)s::float8 AND last_called_at < %(last_called_at)s::timestamptz
 UNION ALL
SELECT device_id, expected_w
  FROM (SELECT device_id, expected_w,
               sum(expected_w) OVER (ORDER BY device_id ROWS UNBOUNDED PRECEDING) - expected_w AS before_w
          FROM eligible
         WHERE score = %(last_score)s::float8 AND last_called_at = %(last_called_at)s::timestamptz) last_rank
 WHERE before_w < %(missing_w)s
