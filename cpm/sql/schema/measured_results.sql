-- What meters say of each device of a measurement of a program event: partitioned by measurement.
CREATE TABLE cpm_measuredresult (
    measurement_id bigint NOT NULL, device_id bigint NOT NULL, location_id bigint NOT NULL,
    status text NOT NULL, reason text NOT NULL, starts_at timestamptz, interval_s integer,
    unadjusted_wh integer[], baseline_wh integer[], metered_wh integer[],
    saved_wh integer, mean_w integer, highest_drop_w integer, rebound_wh integer,
    adjustment double precision, is_capped boolean NOT NULL, quality smallint,
    days_used bigint NOT NULL, days_busy bigint NOT NULL, days_incomplete bigint NOT NULL,
    PRIMARY KEY (measurement_id, device_id),
    CONSTRAINT cpm_measuredresult_measured_or_reason CHECK (
        CASE WHEN status = 'not measured' THEN reason <> '' AND saved_wh IS NULL AND baseline_wh IS NULL
             ELSE status IN ('measured', 'preliminary') AND reason = '' AND saved_wh IS NOT NULL
                  AND cardinality(baseline_wh) = cardinality(metered_wh) END)
) PARTITION BY LIST (measurement_id);
-- Rules are never changed: results name them.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cpm_baselinerule
    FOR EACH STATEMENT EXECUTE FUNCTION gridcall_refuse_change();
-- Who made which version of a program's method.
CREATE TRIGGER record_change AFTER INSERT ON cpm_baselinerule FOR EACH ROW
    EXECUTE FUNCTION gridcall_record_change(
        'baselines',
        '(SELECT code FROM cpm_program WHERE id = ($1->>''program_id'')::bigint)',
        '(SELECT code FROM cpm_program WHERE id = ($1->>''program_id'')::bigint)',
        '''version '' || ($1->>''number'')',
        '',
        'program_id,number,made_by,made_at');
