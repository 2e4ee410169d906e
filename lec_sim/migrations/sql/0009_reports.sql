-- What head ends report of devices: also partitioned by stage, from its first report on (operations/reports.py).
CREATE TABLE lec_word (
    stage_id bigint NOT NULL, head_end text NOT NULL, nic_id text NOT NULL, at timestamptz NOT NULL, word text NOT NULL,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (nic_id, head_end, at, word, stage_id)
) PARTITION BY LIST (stage_id);

CREATE TABLE lec_telemetry (
    stage_id bigint NOT NULL, head_end text NOT NULL, nic_id text NOT NULL, measure text NOT NULL,
    starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL, watts double precision NOT NULL, quality text NOT NULL,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (nic_id, head_end, measure, starts_at, stage_id)
) PARTITION BY LIST (stage_id);
