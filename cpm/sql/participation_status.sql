-- The one place where facts become a status, over an outcome o (left-joined) and its program event e; part of participations.
CASE WHEN o.code IS NOT NULL THEN 'Closed'
     WHEN e.state = 'Canceled' AND e.started_at IS NULL THEN 'Canceled'
     ELSE 'Reserved' END
