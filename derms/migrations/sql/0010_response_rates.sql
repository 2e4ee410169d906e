-- Candidates with response rates and the events of the season in place of scores; scores of old calls go on as rates.
CREATE TABLE derms_former_candidate AS SELECT * FROM derms_candidate;
DROP TABLE derms_candidate;

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
-- last column it needs, and only knows the columns' offsets in advance up to the first null.
CREATE TABLE derms_candidate (
    device_id bigint NOT NULL, program_id bigint NOT NULL, zone_id bigint NOT NULL,
    enrolled_from timestamptz NOT NULL, rated_w integer NOT NULL, device_class derms_device_class NOT NULL,
    last_called_on date NOT NULL, season smallint NOT NULL, season_events smallint NOT NULL, rate_pm smallint NOT NULL,
    silent_run smallint NOT NULL, critical_care boolean NOT NULL, head_end_id bigint NOT NULL,
    enrolled_until timestamptz,
    enrollment_id bigint NOT NULL, feeder_id bigint NOT NULL, rate_n real NOT NULL, rate_sum real NOT NULL,
    season_quarters smallint NOT NULL
) PARTITION BY LIST (zone_id);

CREATE OR REPLACE FUNCTION derms_make_candidate_table(zone bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made text := 'derms_candidate_' || zone;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE derms_candidate, PRIMARY KEY (device_id, enrollment_id),'
                   ' CONSTRAINT derms_candidate_figures CHECK (rate_pm BETWEEN 0 AND 1500 AND season_events >= 0'
                   ' AND season_quarters >= 0 AND silent_run >= 0))', made);
    -- Unlike CREATE TABLE with PARTITION OF, this waits for no reader.
    EXECUTE format('ALTER TABLE derms_candidate ATTACH PARTITION %I FOR VALUES IN (%s)', made, zone);
END $$;
CREATE OR REPLACE FUNCTION derms_add_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A device that another program knows brings what its calls taught; a new one begins at the lowest count of events,
    -- so that it isn't called each time until it has caught up.
    INSERT INTO derms_candidate
    SELECT d.id, e.program_id, d.zone_id, greatest(e.starts_at, d.registered_at), d.rated_w,
           d.device_class::derms_device_class, coalesce(known.last_called_on, 'epoch'),
           coalesce(known.season, lowest.season, 0), coalesce(known.season_events, lowest.events, 0),
           derms_rate_pm(coalesce(prior.n, 0), coalesce(prior.total, 0), coalesce(known.rate_n, 0),
                         coalesce(known.rate_sum, 0), coalesce(known.silent_run, 0)),
           coalesce(known.silent_run, 0), d.critical_care, d.head_end_id, least(e.ends_at, d.ended_at),
           e.id, d.feeder_id, coalesce(known.rate_n, 0), coalesce(known.rate_sum, 0), coalesce(known.season_quarters, 0)
      FROM added e
      JOIN derms_device d ON d.id = e.device_id
      LEFT JOIN derms_responseprior prior ON prior.program_id = e.program_id AND prior.head_end_id = d.head_end_id
      LEFT JOIN derms_lowestcount lowest ON lowest.zone_id = d.zone_id AND lowest.program_id = e.program_id
      LEFT JOIN LATERAL (SELECT last_called_on, season, season_events, season_quarters, rate_n, rate_sum, silent_run
                           FROM derms_candidate c WHERE c.zone_id = d.zone_id AND c.device_id = d.id LIMIT 1) known ON true;
    RETURN NULL;
END $$;

SELECT derms_make_candidate_table(id) FROM derms_controlzone;
INSERT INTO derms_candidate
SELECT c.device_id, c.program_id, c.zone_id, c.enrolled_from, c.rated_w, c.device_class,
       (c.last_called_at AT TIME ZONE z.time_zone)::date, extract(year FROM now() AT TIME ZONE z.time_zone)::smallint,
       coalesce(past.events, 0), derms_rate_pm(0, 0, c.calls, bit_count(c.recent::bit(10)), 0), 0, c.critical_care,
       c.head_end_id, c.enrolled_until, c.enrollment_id, c.feeder_id, c.calls, bit_count(c.recent::bit(10)),
       coalesce(past.quarters, 0)
  FROM derms_former_candidate c
  JOIN derms_controlzone z ON z.id = c.zone_id
  LEFT JOIN (SELECT o.device_id, count(DISTINCT s.event_id) AS events,
                    round(sum(extract(epoch FROM s.ended_at - s.started_at)) / 900) AS quarters
               FROM derms_outcome o
               JOIN derms_stage s ON s.id = o.stage_id
               JOIN derms_event e ON e.id = s.event_id
               JOIN derms_controlzone z ON z.id = e.zone_id
              WHERE s.calls_counted_at IS NOT NULL AND (o.code <> 'D1CN' OR o.started_at IS NOT NULL)
                AND extract(year FROM s.started_at AT TIME ZONE z.time_zone)
                    = extract(year FROM now() AT TIME ZONE z.time_zone)
              GROUP BY o.device_id) past ON past.device_id = c.device_id;
DROP TABLE derms_former_candidate;
DROP FUNCTION derms_score(integer, integer);

-- A raw outcome without this figure was loaded as 0.
UPDATE derms_outcome SET response_pm = NULL WHERE response_pm = 0 AND reduction_w > 0;
