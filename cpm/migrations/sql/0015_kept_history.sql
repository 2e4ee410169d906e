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
