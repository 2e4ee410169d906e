-- One row per device of a program event: partitioned by program event (integration/seam/loads.py).
CREATE TABLE cpm_participation (
    program_event_id bigint NOT NULL, device_id bigint NOT NULL, reservation_flag boolean NOT NULL,
    expected_w integer NOT NULL, preemptive_opt_out boolean NOT NULL DEFAULT false,
    PRIMARY KEY (program_event_id, device_id)
) PARTITION BY LIST (program_event_id);

CREATE TABLE cpm_outcome (
    program_event_id bigint NOT NULL, device_id bigint NOT NULL, code text NOT NULL,
    started_at timestamptz, ended_at timestamptz, reduction_w integer NOT NULL, error text NOT NULL,
    PRIMARY KEY (program_event_id, device_id),
    CONSTRAINT cpm_outcome_has_known_code CHECK (gridcall_is_outcome(code))
) PARTITION BY LIST (program_event_id);
