-- Derive a participation's status, only here, from its outcome o (left-joined) and program event e; for participations.
CASE WHEN o.code IS NOT NULL THEN 'Closed'
     WHEN e.state = 'Canceled' AND e.started_at IS NULL THEN 'Canceled'
     ELSE 'Reserved' END
