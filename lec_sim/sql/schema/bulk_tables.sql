-- One row per reserved and per called device: partitioned by stage (integration/seam/loads.py).
-- The column that is equal in all rows of a partition comes last in the key: building it takes half the time.
CREATE TABLE lec_reservation (
    stage_id bigint NOT NULL, head_end text NOT NULL, nic_id text NOT NULL, expected_w integer NOT NULL,
    nominal_w integer,
    PRIMARY KEY (nic_id, head_end, stage_id)
) PARTITION BY LIST (stage_id);

CREATE TABLE lec_call (
    stage_id bigint NOT NULL, head_end text NOT NULL, nic_id text NOT NULL,
    called_at timestamptz NOT NULL, answer text NOT NULL, answered_at timestamptz, overridden_at timestamptz,
    power_w integer NOT NULL, nominal_w integer,
    PRIMARY KEY (nic_id, head_end, stage_id)
) PARTITION BY LIST (stage_id);
