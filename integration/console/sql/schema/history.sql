-- What happens to accounts: who may sign in, with which roles and factors. No address and no secret is in history.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON config_user FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'account',
        '$1->>''id''',
        '$1->>''username''',
        '''''',
        'password,email,first_name,last_name',
        'last_login,date_joined');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON config_user_groups FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'account',
        '$1->>''user_id''',
        '(SELECT username FROM config_user WHERE id = ($1->>''user_id'')::bigint)',
        '''role '' || (SELECT name FROM auth_group WHERE id = ($1->>''group_id'')::bigint)',
        '',
        'user_id,group_id');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON config_user_user_permissions FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'account',
        '$1->>''user_id''',
        '(SELECT username FROM config_user WHERE id = ($1->>''user_id'')::bigint)',
        '''permission '' || (SELECT codename FROM auth_permission WHERE id = ($1->>''permission_id'')::bigint)',
        '',
        'user_id,permission_id');
CREATE TRIGGER record_change AFTER INSERT OR DELETE ON mfa_authenticator FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'account',
        '$1->>''user_id''',
        '(SELECT username FROM config_user WHERE id = ($1->>''user_id'')::bigint)',
        '''second factor '' || ($1->>''type'')',
        '',
        'user_id,type,data,created_at,last_used_at');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON account_emailaddress FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'account',
        '$1->>''user_id''',
        '(SELECT username FROM config_user WHERE id = ($1->>''user_id'')::bigint)',
        '''e-mail address''',
        'email',
        'user_id');

-- With which account of the OpenID provider somebody signs in; never its id there.
CREATE TRIGGER record_change AFTER INSERT OR DELETE ON socialaccount_socialaccount FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'account',
        '$1->>''user_id''',
        '(SELECT username FROM config_user WHERE id = ($1->>''user_id'')::bigint)',
        '''OpenID sign-in''',
        '',
        'user_id,provider,uid,last_login,date_joined,extra_data');

-- What a service account may do depends on its owner: who may sign in, with which roles and permissions.
CREATE TRIGGER rights_changed AFTER UPDATE OR DELETE ON config_user
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON config_user_groups
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON config_user_user_permissions
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON auth_group_permissions
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();

-- Who may not sign in any more loses the tokens of their service accounts, also if they may sign in again later.
CREATE FUNCTION gridcall_end_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE integration_serviceaccount SET epoch = epoch + 1 WHERE owner_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER end_tokens AFTER UPDATE OF is_active ON config_user FOR EACH ROW
    WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION gridcall_end_tokens();
