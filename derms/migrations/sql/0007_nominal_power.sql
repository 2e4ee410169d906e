-- What a device reduces by if it takes part; devices that were reserved before were told what was expected of them.
ALTER TABLE derms_reservation ADD COLUMN nominal_w integer;
UPDATE derms_reservation SET nominal_w = expected_w;
ALTER TABLE derms_reservation ALTER COLUMN nominal_w SET NOT NULL;

-- What a device gave, in per mille of its nominal power; nothing is known about earlier calls.
ALTER TABLE derms_outcome ADD COLUMN response_pm smallint;
