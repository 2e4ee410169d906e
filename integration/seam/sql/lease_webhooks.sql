-- Leases webhooks to which something is due, those that have rested longest first; nobody else posts to them meanwhile.
UPDATE integration_webhook SET rests_until = clock_timestamp() + %(lease)s
 WHERE id IN (SELECT w.id FROM integration_webhook w
               WHERE w.id IN ({due})
               ORDER BY w.rests_until LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
