-- One row per meter, UTC day, register and version: partitioned by month (cpm/operations/meter_days.py).
CREATE TABLE cpm_meterday (
    meter_id integer NOT NULL, day date NOT NULL, is_reverse boolean NOT NULL, version smallint NOT NULL,
    interval_s integer NOT NULL, scale smallint NOT NULL, total_wh bigint NOT NULL,
    loaded_at timestamptz NOT NULL, readings bytea NOT NULL, quality bytea NOT NULL,
    PRIMARY KEY (meter_id, day, is_reverse, version),
    CONSTRAINT cpm_meterday_is_whole CHECK (
        octet_length(readings) IN (86400 / interval_s * 2, 86400 / interval_s * 4)
        AND octet_length(quality) IN (0, 86400 / interval_s))
) PARTITION BY RANGE (day);
