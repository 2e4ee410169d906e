-- What people set up is recorded.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_eventtype FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'event type',
        '$1->>''category''',
        '$1->>''category''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_dergroup FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'DER group',
        '$1->>''id''',
        '$1->>''name''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_controlzone FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'control zone',
        '$1->>''id''',
        '$1->>''code''',
        '''''',
        '',
        '');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_strategy FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'strategy',
        '$1->>''id''',
        '$1->>''name''',
        '''''',
        '',
        'uid');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_strategystage FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'strategy',
        '$1->>''strategy_id''',
        '(SELECT name FROM derms_strategy WHERE id = ($1->>''strategy_id'')::bigint)',
        '''stage '' || ($1->>''number'')',
        '',
        'strategy_id,number');
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON derms_strategystage_der_groups FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'strategy',
        '(SELECT t.id FROM derms_strategystage s JOIN derms_strategy t ON t.id = s.strategy_id WHERE s.id = ($1->>''strategystage_id'')::bigint)',
        '(SELECT t.name FROM derms_strategystage s JOIN derms_strategy t ON t.id = s.strategy_id WHERE s.id = ($1->>''strategystage_id'')::bigint)',
        '''stage '' || (SELECT number FROM derms_strategystage WHERE id = ($1->>''strategystage_id'')::bigint) || '', DER group '' || (SELECT name FROM derms_dergroup WHERE id = ($1->>''dergroup_id'')::bigint)',
        '',
        'strategystage_id,dergroup_id');
