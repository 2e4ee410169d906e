-- Settlement: a row per participation, season or subscription of a run, partitioned by run; rows are only ever added.
CREATE TABLE cpm_settlementline (
    run_id bigint NOT NULL, program_event_id bigint NOT NULL, subject_id bigint NOT NULL,
    customer_id bigint NOT NULL, location_id bigint NOT NULL, code text NOT NULL,
    percent numeric(7,4), quantity numeric(18,6), due numeric(18,4), settled_before numeric(18,4) NOT NULL,
    amount numeric(18,4), left_out text NOT NULL, digest bytea NOT NULL,
    PRIMARY KEY (run_id, program_event_id, subject_id),
    CONSTRAINT cpm_settlementline_pays_what_is_known CHECK (
        CASE WHEN left_out = '' THEN amount IS NOT NULL AND amount = due - settled_before
             ELSE amount IS NULL AND due IS NULL END)
) PARTITION BY LIST (run_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON cpm_settlementline
    FOR EACH ROW EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_settlementtransition
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER write_seals AFTER INSERT ON cpm_settlementtransition REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_write_seals();
CREATE CONSTRAINT TRIGGER state_needs_transition AFTER UPDATE OF state ON cpm_settlementrun
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION gridcall_require_transition('cpm_settlementtransition', 'run_id');
-- What a run pays by never changes after it was made, nor what it came to once it is reckoned.
CREATE FUNCTION cpm_refuse_change_of_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Settlement run % is not changed: make a run that corrects it', OLD.id
          USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER immutable BEFORE UPDATE ON cpm_settlementrun FOR EACH ROW
    WHEN (ROW(OLD.program_id, OLD.method_id, OLD.method_version, OLD.prices_id, OLD.terms, OLD.starts_on, OLD.ends_on,
              OLD.corrects, OLD.made_by, OLD.made_at)
          IS DISTINCT FROM
          ROW(NEW.program_id, NEW.method_id, NEW.method_version, NEW.prices_id, NEW.terms, NEW.starts_on, NEW.ends_on,
              NEW.corrects, NEW.made_by, NEW.made_at)
          OR OLD.state <> 'Computing' AND ROW(OLD.lines, OLD.left_out, OLD.amount, OLD.lines_sha256)
             IS DISTINCT FROM ROW(NEW.lines, NEW.left_out, NEW.amount, NEW.lines_sha256))
    EXECUTE FUNCTION cpm_refuse_change_of_run();
-- Prices are only ever added.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_priceversion
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_timeprice
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
-- Who made and changed methods and prices.
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON cpm_settlementmethod FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'settlement method',
        '$1->>''id''',
        '(SELECT code FROM cpm_program WHERE id = ($1->>''program_id'')::bigint) || '' '' || ($1->>''name'')',
        '''''',
        '',
        'program_id');
CREATE TRIGGER record_change AFTER INSERT ON cpm_priceversion FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'settlement method',
        '$1->>''method_id''',
        '(SELECT p.code || '' '' || m.name FROM cpm_settlementmethod m JOIN cpm_program p ON p.id = m.program_id
           WHERE m.id = ($1->>''method_id'')::bigint)',
        '''prices '' || ($1->>''number'')',
        '',
        'method_id,number');
