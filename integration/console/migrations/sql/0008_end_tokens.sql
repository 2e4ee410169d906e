-- Who may not sign in any more loses the tokens of their service accounts, also if they may sign in again later.
CREATE FUNCTION gridcall_end_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE integration_serviceaccount SET epoch = epoch + 1 WHERE owner_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER end_tokens AFTER UPDATE OF is_active ON config_user FOR EACH ROW
    WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION gridcall_end_tokens();
