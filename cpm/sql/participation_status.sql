-- Derive a participation's status, only here, from its row p, outcome o (left-joined) and program event e.
CASE WHEN o.code IS NOT NULL THEN 'Closed'
     WHEN e.state = 'Canceled' AND e.started_at IS NULL THEN 'Canceled'
     WHEN p.reservation_flag THEN 'Reserved'
     WHEN p.preemptive_opt_out THEN 'Opted out'
     ELSE 'Released' END
