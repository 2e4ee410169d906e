-- Columns in an order that loses no bytes between them: a million candidates then stay below the quarter of the server's
-- buffers beyond which it reads a table from its files each time. Rows that are there keep the former order until their
-- zone's candidates are next rewritten.
CREATE TEMPORARY TABLE former AS
SELECT inhrelid::regclass AS made, substring(inhrelid::regclass::text FROM '[0-9]+$') AS zone
  FROM pg_inherits WHERE inhparent = 'derms_candidate'::regclass;
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM former LOOP
        EXECUTE format('ALTER TABLE derms_candidate DETACH PARTITION %s', one.made);
    END LOOP;
END $$;
DROP TABLE derms_candidate;
CREATE TABLE derms_candidate (
    device_id bigint NOT NULL, program_id bigint NOT NULL, zone_id bigint NOT NULL,
    enrolled_from timestamptz NOT NULL, rated_w integer NOT NULL, device_class derms_device_class NOT NULL,
    last_called_on date NOT NULL, season smallint NOT NULL, season_events smallint NOT NULL, rate_pm smallint NOT NULL,
    silent_run smallint NOT NULL, season_quarters smallint NOT NULL, critical_care boolean NOT NULL,
    head_end_id bigint NOT NULL, enrolled_until timestamptz,
    enrollment_id bigint NOT NULL, feeder_id bigint NOT NULL, rate_n real NOT NULL, rate_sum real NOT NULL
) PARTITION BY LIST (zone_id);
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM former LOOP
        EXECUTE format('ALTER TABLE derms_candidate ATTACH PARTITION %s FOR VALUES IN (%s)', one.made, one.zone);
    END LOOP;
END $$;
DROP TABLE former;
CREATE OR REPLACE FUNCTION derms_add_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- The first million devices need not be looked up one by one.
    there_are_some boolean := EXISTS (SELECT FROM derms_candidate);
BEGIN
    -- A device that another program knows brings what its calls taught; a new one begins at the lowest count of events,
    -- so that it isn't called each time until it has caught up.
    INSERT INTO derms_candidate
    SELECT d.id, e.program_id, d.zone_id, greatest(e.starts_at, d.registered_at), d.rated_w,
           d.device_class::derms_device_class, coalesce(known.last_called_on, 'epoch'),
           coalesce(known.season, lowest.season, 0), coalesce(known.season_events, lowest.events, 0),
           derms_rate_pm(coalesce(prior.n, 0), coalesce(prior.total, 0), coalesce(known.rate_n, 0),
                         coalesce(known.rate_sum, 0), coalesce(known.silent_run, 0)),
           coalesce(known.silent_run, 0), coalesce(known.season_quarters, 0), d.critical_care, d.head_end_id,
           least(e.ends_at, d.ended_at), e.id, d.feeder_id, coalesce(known.rate_n, 0), coalesce(known.rate_sum, 0)
      FROM added e
      JOIN derms_device d ON d.id = e.device_id
      LEFT JOIN derms_responseprior prior ON prior.program_id = e.program_id AND prior.head_end_id = d.head_end_id
      LEFT JOIN derms_lowestcount lowest ON lowest.zone_id = d.zone_id AND lowest.program_id = e.program_id
      LEFT JOIN LATERAL (SELECT last_called_on, season, season_events, season_quarters, rate_n, rate_sum, silent_run
                           FROM derms_candidate c
                          WHERE there_are_some AND c.zone_id = d.zone_id AND c.device_id = d.id LIMIT 1) known ON true;
    RETURN NULL;
END $$;
