-- What participations of a program event are due as a flat amount, or for the power that was reserved.
SELECT program_event_id, device_id AS subject_id, customer_id, location_id, code, percent,
       {quantity}::numeric(18,6) AS quantity, {quantity} * %(price)s::numeric AS gross, left_out
  FROM ({outcomes}) taken
