-- The devices a stage needs: all devices at the places before the one in which the goal or the cap is reached, and from that
-- one as many as are needed and allowed, by id; they are few, and found by their ids. Of the others a reason is computed only
-- if their place is early enough.
SELECT device_id, expected_w, nominal_w
  FROM ({candidates}) candidate
 WHERE CASE WHEN place < %(last_place)s THEN reason IS NULL ELSE false END
 UNION ALL
SELECT device_id, expected_w, nominal_w
  FROM (SELECT device_id, expected_w, nominal_w, row_number() OVER so_far AS number,
               sum(expected_w) OVER so_far - expected_w AS before_w
          FROM ({of_part}) candidate
         WHERE reason IS NULL AND place = %(last_place)s
        WINDOW so_far AS (ORDER BY device_id ROWS UNBOUNDED PRECEDING)) last_place
 WHERE before_w < %(missing_w)s AND before_w + expected_w <= %(most_w)s AND number <= %(most_devices)s
