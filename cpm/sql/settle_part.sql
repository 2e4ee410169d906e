-- Add the lines of a part of a run: what is found of it, rounded once, less what approved runs came to before.
INSERT INTO {table} (run_id, program_event_id, subject_id, customer_id, location_id, code, percent, quantity, due,
                     settled_before, amount, left_out, digest)
SELECT line.*, {digest}
  FROM (SELECT %(run)s::bigint AS run_id, found.program_event_id, found.subject_id, found.customer_id,
               found.location_id, found.code, found.percent, found.quantity, priced.due,
               coalesce(before.amount, 0)::numeric(18,4) AS settled_before,
               (priced.due - coalesce(before.amount, 0))::numeric(18,4) AS amount, found.left_out
          FROM ({found}) found
         CROSS JOIN LATERAL (
               SELECT CASE WHEN found.left_out = '' THEN
                           round(found.gross * found.percent * 0.01, %(decimals)s)::numeric(18,4) END AS due) priced
          LEFT JOIN (SELECT program_event_id, subject_id, sum(amount) AS amount FROM cpm_settlementline
                      WHERE run_id = ANY(%(corrects)s) AND program_event_id = %(program_event)s
                      GROUP BY program_event_id, subject_id) before
               USING (program_event_id, subject_id)
         ORDER BY found.program_event_id, found.subject_id) line
