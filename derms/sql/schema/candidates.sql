-- What device selection reads: one row per enrollment of a device, with what its calls taught, in one partition per
-- control zone. The type takes four bytes instead of up to thirteen and compares as fast as a number.
CREATE TYPE derms_device_class AS ENUM ('thermostat', 'water_heater', 'ev_charger', 'battery');

-- A mean of n responses that add up to `total`, which begins at `start` and trusts that as much as five responses.
CREATE FUNCTION derms_mean(start float8, n float8, total float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (5 * start + total) / (5 + n);

-- The response rate of a device in a program, in per mille of its nominal power: its own responses, begun at the mean of
-- the program's devices behind its head end system, which begins at 0.8. Nothing is expected of a device that was silent
-- in three calls running.
CREATE FUNCTION derms_rate_pm(prior_n float8, prior_total float8, n float8, total float8, silent_run integer)
    RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN silent_run >= 3 THEN 0
                ELSE round(1000 * derms_mean(derms_mean(0.8, prior_n, prior_total), n, total)) END::smallint;

-- The columns that a choice reads come first, nullable ones last among them: PostgreSQL steps through a row up to the
-- last column it needs, and only knows the columns' offsets in advance up to the first null. Short ones lie together, so
-- that no bytes are lost between them.
CREATE TABLE derms_candidate (
    device_id bigint NOT NULL, program_id bigint NOT NULL, zone_id bigint NOT NULL,
    enrolled_from timestamptz NOT NULL, rated_w integer NOT NULL, device_class derms_device_class NOT NULL,
    last_called_on date NOT NULL, season smallint NOT NULL, season_events smallint NOT NULL, rate_pm smallint NOT NULL,
    silent_run smallint NOT NULL, season_quarters smallint NOT NULL, critical_care boolean NOT NULL,
    head_end_id bigint NOT NULL, enrolled_until timestamptz,
    enrollment_id bigint NOT NULL, feeder_id bigint NOT NULL, rate_n real NOT NULL, rate_sum real NOT NULL
) PARTITION BY LIST (zone_id);

CREATE FUNCTION derms_make_candidate_table(zone bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made text := 'derms_candidate_' || zone;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE derms_candidate, PRIMARY KEY (device_id, enrollment_id),'
                   ' CONSTRAINT derms_candidate_figures CHECK (rate_pm BETWEEN 0 AND 1500 AND season_events >= 0'
                   ' AND season_quarters >= 0 AND silent_run >= 0))', made);
    EXECUTE format('CREATE INDEX ON %I (device_id) WHERE silent_run >= 3', made);
    -- Unlike CREATE TABLE with PARTITION OF, this waits for no reader.
    EXECUTE format('ALTER TABLE derms_candidate ATTACH PARTITION %I FOR VALUES IN (%s)', made, zone);
END $$;
CREATE FUNCTION derms_make_candidate_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM derms_make_candidate_table(NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER make_candidate_table AFTER INSERT ON derms_controlzone
    FOR EACH ROW EXECUTE FUNCTION derms_make_candidate_table();

-- Each of these statements names the zone, so that only one zone's partition is searched for a device.
CREATE FUNCTION derms_add_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER add_candidates AFTER INSERT ON derms_enrollment
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION derms_add_candidates();

CREATE FUNCTION derms_change_enrolled_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE derms_candidate c
       SET program_id = e.program_id,
           enrolled_from = greatest(e.starts_at, d.registered_at), enrolled_until = least(e.ends_at, d.ended_at)
      FROM changed e JOIN derms_device d ON d.id = e.device_id
     WHERE c.zone_id = d.zone_id AND c.device_id = d.id AND c.enrollment_id = e.id;
    RETURN NULL;
END $$;
CREATE TRIGGER change_candidates AFTER UPDATE ON derms_enrollment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION derms_change_enrolled_candidates();

CREATE FUNCTION derms_change_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE derms_candidate c
       SET enrolled_from = greatest(e.starts_at, d.registered_at), enrolled_until = least(e.ends_at, d.ended_at),
           zone_id = d.zone_id, head_end_id = d.head_end_id, feeder_id = d.feeder_id, rated_w = d.rated_w,
           critical_care = d.critical_care, device_class = d.device_class::derms_device_class
      FROM former JOIN changed d USING (id) JOIN derms_enrollment e ON e.device_id = d.id
     WHERE c.zone_id = former.zone_id AND c.device_id = d.id AND c.enrollment_id = e.id;
    RETURN NULL;
END $$;
CREATE TRIGGER change_candidates AFTER UPDATE ON derms_device
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION derms_change_candidates();
