-- What is found of a part, rounded once. A part has one program event, or none.
SELECT program_event_id, subject_id, customer_id, location_id, code, percent, quantity,
       CASE WHEN left_out = '' THEN round(gross * percent * 0.01, %(decimals)s) END::numeric(18,4) AS due,
       0::numeric(18,4) AS settled_before, left_out
  FROM ({found}) found
 ORDER BY subject_id
