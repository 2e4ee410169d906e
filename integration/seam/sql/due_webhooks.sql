-- The webhooks to which something is due: what waits behind an earlier notice about its subject is not.
SELECT hook.id FROM integration_webhook hook
 WHERE hook.is_active AND hook.rests_until <= clock_timestamp()
   AND EXISTS (SELECT FROM integration_webhooknotice n
                WHERE n.webhook_id = hook.id AND n.due_at <= clock_timestamp()
                  AND n.delivered_at IS NULL AND n.discarded_at IS NULL AND n.dead_at IS NULL
                  AND (hook.broken_at IS NULL OR n.kind = 'test')
                  AND NOT EXISTS (SELECT FROM integration_webhooknotice before
                                   WHERE before.webhook_id = n.webhook_id AND before.subject = n.subject AND before.id < n.id
                                     AND before.delivered_at IS NULL AND before.discarded_at IS NULL))
