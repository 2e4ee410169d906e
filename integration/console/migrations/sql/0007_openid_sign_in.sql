-- With which account of the OpenID provider somebody signs in; never its id there.
CREATE TRIGGER record_change AFTER INSERT OR DELETE ON socialaccount_socialaccount FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'account',
        '$1->>''user_id''',
        '(SELECT username FROM config_user WHERE id = ($1->>''user_id'')::bigint)',
        '''OpenID sign-in''',
        '',
        'user_id,provider,uid,last_login,date_joined,extra_data');
