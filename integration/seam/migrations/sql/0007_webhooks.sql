-- What happens to webhooks: what people set, and that one breaks and is mended.
CREATE TRIGGER record_change
    AFTER INSERT OR DELETE OR UPDATE OF name, owner_id, url, kinds, is_active, generation, broken_at
    ON integration_webhook FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'webhook',
        '$1->>''uid''',
        '$1->>''name''',
        '''''',
        'generation',
        'uid,secret_by,secret_at,rests_until,failures,failing_since,delivered_at');

-- What people did about a notice to one.
CREATE TRIGGER record_change AFTER UPDATE OF asked_at ON integration_webhooknotice FOR EACH ROW
    WHEN (OLD.asked_at IS DISTINCT FROM NEW.asked_at)
    EXECUTE FUNCTION gridcall_record_change(
        'webhook',
        '(SELECT w.uid FROM integration_webhook w WHERE w.id = ($1->>''webhook_id'')::bigint)',
        '(SELECT w.name FROM integration_webhook w WHERE w.id = ($1->>''webhook_id'')::bigint)',
        '''notice '' || ($1->>''id'')',
        '',
        'due_at,attempts,status,error,ms,tried_at,delivered_at,dead_at,discarded_at,asked_by');
