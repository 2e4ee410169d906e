-- Keep what a head end measured of its devices in a stage; another value of the same interval replaces it.
INSERT INTO lec_telemetry AS kept
       (stage_id, head_end, nic_id, measure, starts_at, ends_at, watts, quality, heard_at)
SELECT DISTINCT ON (nic_id, measure, starts_at)
       %(stage)s::bigint, %(head_end)s, nic_id, measure, starts_at, ends_at, watts, quality, %(now)s::timestamptz
  FROM ROWS FROM (jsonb_to_recordset(%(measured)s)
            AS (nic_id text, measure text, starts_at timestamptz, ends_at timestamptz, watts double precision,
                quality text)) WITH ORDINALITY
    AS measured (nic_id, measure, starts_at, ends_at, watts, quality, place)
 ORDER BY nic_id, measure, starts_at, place DESC
    ON CONFLICT (nic_id, head_end, measure, starts_at, stage_id)
    DO UPDATE SET ends_at = EXCLUDED.ends_at, watts = EXCLUDED.watts, quality = EXCLUDED.quality,
                  heard_at = EXCLUDED.heard_at
            WHERE (kept.ends_at, kept.watts, kept.quality)
                  IS DISTINCT FROM (EXCLUDED.ends_at, EXCLUDED.watts, EXCLUDED.quality)
