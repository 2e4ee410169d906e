-- What a device did in a program event, only here: the code of its outcome, or why it has none; p and o as in the status.
CASE WHEN o.code IS NOT NULL THEN o.code
     WHEN p.reservation_flag THEN 'reserved'
     WHEN p.preemptive_opt_out THEN 'opted out'
     ELSE 'released' END
