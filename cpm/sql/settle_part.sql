-- Add the lines of a part of a run, each with its digest; what they come to.
WITH added AS (
    INSERT INTO {table} (run_id, program_event_id, subject_id, customer_id, location_id, code, percent, quantity, due,
                         settled_before, amount, left_out, digest)
    SELECT line.*, {digest}
      FROM (SELECT %(run)s::bigint AS run_id, program_event_id, subject_id, customer_id, location_id, code, percent,
                   quantity, due, settled_before, (due - settled_before)::numeric(18,4) AS amount, left_out
              FROM ({due}) due) line
    RETURNING left_out, amount)
SELECT count(*) FILTER (WHERE left_out = ''), count(*) FILTER (WHERE left_out <> ''), coalesce(sum(amount), 0) FROM added
