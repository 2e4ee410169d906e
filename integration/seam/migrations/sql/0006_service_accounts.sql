-- What happens to service accounts; of a secret only that it changed.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON integration_serviceaccount FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'service account',
        '$1->>''id''',
        '$1->>''name''',
        '''''',
        'secret_sha256',
        'secret_by,secret_at,epoch');

-- Every process forgets what it knew of accounts (integration/seam/rights.py).
CREATE FUNCTION gridcall_rights_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('rights_changed', '');
    RETURN NULL;
END $$;
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON integration_serviceaccount
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();
