-- What a part is due, less what approved runs came to before. What those have and is found no more, as a subscription
-- that was changed since, is taken back.
SELECT program_event_id, subject_id, coalesce(found.customer_id, before.customer_id) AS customer_id,
       coalesce(found.location_id, before.location_id) AS location_id, coalesce(found.code, '') AS code,
       CASE WHEN found.left_out IS NULL THEN 100 ELSE found.percent END::numeric(7,4) AS percent,
       CASE WHEN found.left_out IS NULL THEN 0 ELSE found.quantity END::numeric(18,6) AS quantity,
       CASE WHEN found.left_out IS NULL THEN 0 ELSE found.due END::numeric(18,4) AS due,
       coalesce(before.amount, 0)::numeric(18,4) AS settled_before, coalesce(found.left_out, '') AS left_out
  FROM ({due}) found
  FULL JOIN (SELECT program_event_id, subject_id, sum(amount) AS amount, min(customer_id) AS customer_id,
                    min(location_id) AS location_id
               FROM cpm_settlementline
              WHERE run_id = ANY(%(corrects)s) AND program_event_id = %(program_event)s
              GROUP BY program_event_id, subject_id HAVING sum(amount) <> 0) before
       USING (program_event_id, subject_id)
 ORDER BY subject_id
