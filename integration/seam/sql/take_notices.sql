-- Takes the next notices of each leased webhook, and counts the attempts: those due longest whose subject has no earlier
-- one that waits. One that failed is due later than what was not tried yet, so it holds up only its own subject.
-- A webhook that took the last one gets several, the others one, so that a receiver that is away fails once a turn; and
-- so does a callback of another door, which hears of a program before its first event.
UPDATE integration_webhooknotice taken
   SET attempts = attempts + 1, tried_at = clock_timestamp(), due_at = clock_timestamp() + %(lease)s
  FROM integration_webhook hook
 CROSS JOIN LATERAL (
       SELECT n.id FROM integration_webhooknotice n
        WHERE n.webhook_id = hook.id AND n.due_at <= clock_timestamp()
          AND n.delivered_at IS NULL AND n.discarded_at IS NULL AND n.dead_at IS NULL
          AND (hook.broken_at IS NULL OR n.kind = 'test')
          AND NOT EXISTS (SELECT FROM integration_webhooknotice before
                           WHERE before.webhook_id = n.webhook_id AND before.subject = n.subject AND before.id < n.id
                             AND before.delivered_at IS NULL AND before.discarded_at IS NULL)
        ORDER BY n.due_at, n.id
        LIMIT CASE WHEN hook.failures = 0 AND hook.delivered_at IS NOT NULL AND hook.door = '' THEN %(together)s ELSE 1 END) head
 WHERE hook.id = ANY(%(leased)s) AND taken.id = head.id
RETURNING taken.id
