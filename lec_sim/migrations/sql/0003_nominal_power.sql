-- What a device reduces by if it takes part; null in reservations from files that don't say.
ALTER TABLE lec_reservation ADD COLUMN nominal_w integer;
