-- What a service account may do depends on its owner: who may sign in, with which roles and permissions.
CREATE TRIGGER rights_changed AFTER UPDATE OR DELETE ON config_user
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON config_user_groups
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON config_user_user_permissions
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON auth_group_permissions
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_rights_changed();
