-- Links to a customer's own page that people create, and those they revoke; never the link itself.
CREATE TRIGGER record_change AFTER INSERT ON cpm_selfservicelink FOR EACH ROW WHEN (NEW.made_by <> 'notification')
    EXECUTE FUNCTION gridcall_record_change(
        'self-service link',
        '$1->>''id''',
        '(SELECT number FROM cpm_customer WHERE id = ($1->>''customer_id'')::bigint)',
        '''''',
        '',
        'uid,customer_id');
CREATE TRIGGER record_revocation AFTER UPDATE OF revoked_at ON cpm_selfservicelink FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'self-service link',
        '$1->>''id''',
        '(SELECT number FROM cpm_customer WHERE id = ($1->>''customer_id'')::bigint)',
        '''''',
        '',
        'uid,customer_id');
