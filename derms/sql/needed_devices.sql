-- The devices a stage needs: all devices of the ranks before the one in which the goal or the cap is reached, and from
-- that one as many as are needed and allowed, by id. With CASE the planner expects half of the candidates; of the same two
-- conditions without it, it expects one in 600, and then searches for each candidate what it joins.
WITH ranked AS MATERIALIZED (
    SELECT device_id, expected_w, nominal_w,
           rank = %(last_rank)s AS is_last
      FROM ({candidates}) candidate
     WHERE CASE WHEN reason IS NULL THEN rank <= %(last_rank)s ELSE false END)
SELECT device_id, expected_w, nominal_w FROM ranked WHERE NOT is_last
 UNION ALL
SELECT device_id, expected_w, nominal_w
  FROM (SELECT device_id, expected_w, nominal_w, row_number() OVER so_far AS place,
               sum(expected_w) OVER so_far - expected_w AS before_w
          FROM ranked
         WHERE is_last
        WINDOW so_far AS (ORDER BY device_id ROWS UNBOUNDED PRECEDING)) last_rank
 WHERE before_w < %(missing_w)s AND before_w + expected_w <= %(most_w)s AND place <= %(most_devices)s
