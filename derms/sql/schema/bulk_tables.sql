-- One row per reserved device, partitioned by stage (integration/seam/loads.py creates and attaches the partitions).
CREATE SEQUENCE derms_event_number;

-- The column that is the same in all rows of a partition comes last in the key, which halves the time to build it.
CREATE TABLE derms_reservation (
    stage_id bigint NOT NULL, device_id bigint NOT NULL, expected_w integer NOT NULL, nominal_w integer NOT NULL,
    PRIMARY KEY (device_id, stage_id)
) PARTITION BY LIST (stage_id);

CREATE TABLE derms_outcome (
    stage_id bigint NOT NULL, device_id bigint NOT NULL, code text NOT NULL,
    started_at timestamptz, ended_at timestamptz, reduction_w integer NOT NULL, error text NOT NULL,
    response_pm smallint,
    PRIMARY KEY (device_id, stage_id),
    CONSTRAINT derms_outcome_has_known_code CHECK (gridcall_is_outcome(code))
) PARTITION BY LIST (stage_id);
