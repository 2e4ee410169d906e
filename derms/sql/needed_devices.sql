-- The devices a stage needs: all devices of the ranks before the one in which the goal is met, and from that one as many
-- as needed, by id.
WITH ranked AS MATERIALIZED (
    SELECT device_id, expected_w, nominal_w,
           rank = %(last_rank)s AS is_last
      FROM ({candidates}) candidate
     WHERE reason IS NULL AND rank <= %(last_rank)s)
SELECT device_id, expected_w, nominal_w FROM ranked WHERE NOT is_last
 UNION ALL
SELECT device_id, expected_w, nominal_w
  FROM (SELECT device_id, expected_w, nominal_w,
               sum(expected_w) OVER (ORDER BY device_id ROWS UNBOUNDED PRECEDING) - expected_w AS before_w
          FROM ranked
         WHERE is_last) last_rank
 WHERE before_w < %(missing_w)s
