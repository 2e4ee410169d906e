-- What happens to webhooks: what people or clients set, and that one breaks and is mended; of a token only that it changed.
DROP TRIGGER record_change ON integration_webhook;
CREATE TRIGGER record_change
    AFTER INSERT OR DELETE OR UPDATE OF name, owner_id, url, kinds, is_active, generation, broken_at
    ON integration_webhook FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'webhook',
        '$1->>''uid''',
        '$1->>''name''',
        '''''',
        'generation,authorization',
        'uid,secret_by,secret_at,rests_until,failures,failing_since,delivered_at');
