-- Creates the table that the metered load is copied into, until the end of the transaction.
DROP TABLE IF EXISTS demo_metered;
CREATE TEMPORARY TABLE demo_metered (source text, hour_ending timestamp, load_mw double precision) ON COMMIT DROP
