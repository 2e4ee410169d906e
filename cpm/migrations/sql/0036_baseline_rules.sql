-- Who made which version of a program's method.
CREATE TRIGGER record_change AFTER INSERT ON cpm_baselinerule FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'baselines',
        '(SELECT code FROM cpm_program WHERE id = ($1->>''program_id'')::bigint)',
        '(SELECT code FROM cpm_program WHERE id = ($1->>''program_id'')::bigint)',
        '''version '' || ($1->>''number'')',
        '',
        'program_id,number,made_by,made_at');
