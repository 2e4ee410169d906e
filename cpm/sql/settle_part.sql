-- Add the lines of a part of a run: what is found of it, rounded once, less what approved runs came to before. What
-- those have and is found no more, as a subscription that was changed since, is taken back.
INSERT INTO {table} (run_id, program_event_id, subject_id, customer_id, location_id, code, percent, quantity, due,
                     settled_before, amount, left_out, digest)
SELECT line.*, {digest}
  FROM (SELECT %(run)s::bigint AS run_id, program_event_id, subject_id, customer_id, location_id, code, percent,
               quantity, due, settled_before, (due - settled_before)::numeric(18,4) AS amount, left_out
          FROM (SELECT program_event_id, subject_id, coalesce(found.customer_id, before.customer_id) AS customer_id,
                       coalesce(found.location_id, before.location_id) AS location_id,
                       coalesce(found.code, '') AS code,
                       CASE WHEN found.left_out IS NULL THEN 100 ELSE found.percent END::numeric(7,4) AS percent,
                       CASE WHEN found.left_out IS NULL THEN 0 ELSE found.quantity END::numeric(18,6) AS quantity,
                       CASE WHEN found.left_out IS NULL THEN 0
                            WHEN found.left_out = '' THEN round(found.gross * found.percent * 0.01, %(decimals)s)
                            END::numeric(18,4) AS due,
                       coalesce(before.amount, 0)::numeric(18,4) AS settled_before,
                       coalesce(found.left_out, '') AS left_out
                  FROM ({found}) found
                  FULL JOIN (SELECT program_event_id, subject_id, sum(amount) AS amount,
                                    min(customer_id) AS customer_id, min(location_id) AS location_id
                               FROM cpm_settlementline
                              WHERE run_id = ANY(%(corrects)s) AND program_event_id = %(program_event)s
                              GROUP BY program_event_id, subject_id HAVING sum(amount) <> 0) before
                       USING (program_event_id, subject_id)
                 ORDER BY program_event_id, subject_id) due
        ) line
