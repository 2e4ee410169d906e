-- CPM's history: transitions and changes are only added and sealed; each change of the state of a program event or an
-- enrollment needs one.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_transition
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_participationchange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_programchange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_programtypechange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_unavailabilitychange
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON cpm_transition REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
CREATE TRIGGER write_seals AFTER INSERT ON cpm_participationchange REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON cpm_programevent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('cpm_transition', 'program_event_id');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_enrollmenttransition
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON cpm_enrollmenttransition REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON cpm_enrollment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('cpm_enrollmenttransition', 'enrollment_id');
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
-- Customers, their locations and devices. Rows that a file writes have no author: the file's run is their history. Personal
-- data is not held.
CREATE TRIGGER record_addition AFTER INSERT ON cpm_customer FOR EACH ROW WHEN (NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'customer',
        '$1->>''id''',
        '$1->>''number''',
        '''''',
        'name,email,phone,second_phone,notes',
        '');
CREATE TRIGGER record_change AFTER UPDATE ON cpm_customer FOR EACH ROW WHEN (NEW.version <> OLD.version AND NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'customer',
        '$1->>''id''',
        '$1->>''number''',
        '''''',
        'name,email,phone,second_phone,notes',
        '');
CREATE TRIGGER record_removal AFTER DELETE ON cpm_customer FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'customer',
        '$1->>''id''',
        '$1->>''number''',
        '''''',
        'name,email,phone,second_phone,notes',
        '');
CREATE TRIGGER record_addition AFTER INSERT ON cpm_devicelocation FOR EACH ROW WHEN (NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'device location',
        '$1->>''id''',
        '$1->>''service_point''',
        '''''',
        'address,access_note,latitude,longitude',
        'customer_id');
CREATE TRIGGER record_change AFTER UPDATE ON cpm_devicelocation FOR EACH ROW WHEN (NEW.version <> OLD.version AND NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'device location',
        '$1->>''id''',
        '$1->>''service_point''',
        '''''',
        'address,access_note,latitude,longitude',
        'customer_id');
CREATE TRIGGER record_removal AFTER DELETE ON cpm_devicelocation FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'device location',
        '$1->>''id''',
        '$1->>''service_point''',
        '''''',
        'address,access_note,latitude,longitude',
        'customer_id');
CREATE TRIGGER record_addition AFTER INSERT ON cpm_device FOR EACH ROW WHEN (NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'device',
        '$1->>''id''',
        '($1->>''head_end'') || ''/'' || ($1->>''nic_id'')',
        '''''',
        '',
        'location_id,installed_at,ended_at,facts_at,facts_answer,facts_error');
CREATE TRIGGER record_change AFTER UPDATE ON cpm_device FOR EACH ROW WHEN (NEW.version <> OLD.version AND NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'device',
        '$1->>''id''',
        '($1->>''head_end'') || ''/'' || ($1->>''nic_id'')',
        '''''',
        '',
        'location_id,installed_at,ended_at,facts_at,facts_answer,facts_error');
CREATE TRIGGER record_removal AFTER DELETE ON cpm_device FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'device',
        '$1->>''id''',
        '($1->>''head_end'') || ''/'' || ($1->>''nic_id'')',
        '''''',
        '',
        'location_id,installed_at,ended_at,facts_at,facts_answer,facts_error');
-- Whose public holidays the utility keeps, and the dates of its own; the country's are those of a published list.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON cpm_holidaycalendar FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'holiday calendar',
        '$1->>''id''',
        '$1->>''country''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE ON cpm_holiday FOR EACH ROW WHEN (NEW.is_own)
    EXECUTE FUNCTION gridcall_record_change(
        'holiday',
        '$1->>''id''',
        '$1->>''day''',
        '''''',
        '',
        'is_own');
CREATE TRIGGER record_removal AFTER DELETE ON cpm_holiday FOR EACH ROW WHEN (OLD.is_own)
    EXECUTE FUNCTION gridcall_record_change(
        'holiday',
        '$1->>''id''',
        '$1->>''day''',
        '''''',
        '',
        'is_own');
-- Meters that people make, change or exchange. Rows that a file writes have no author: the file's run is their history.
CREATE TRIGGER record_addition AFTER INSERT ON cpm_meter FOR EACH ROW WHEN (NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'meter',
        '$1->>''id''',
        '$1->>''number''',
        '''''',
        '',
        'location_id');
CREATE TRIGGER record_change AFTER UPDATE ON cpm_meter FOR EACH ROW WHEN (NEW.version <> OLD.version AND NEW.saved_by <> '')
    EXECUTE FUNCTION gridcall_record_change(
        'meter',
        '$1->>''id''',
        '$1->>''number''',
        '''''',
        '',
        'location_id');
CREATE TRIGGER record_removal AFTER DELETE ON cpm_meter FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'meter',
        '$1->>''id''',
        '$1->>''number''',
        '''''',
        '',
        'location_id');
