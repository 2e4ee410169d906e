-- Part of other statements: when each of some devices was last heard, by a report or a status check, and the start of the
-- first call since then that it did not answer. What was canceled before it was called reported nothing.
SELECT wanted.device_id, greatest(report.at, heard.at) AS heard_at, silence.since AS silent_since
  FROM ({devices}) wanted
  LEFT JOIN derms_hearddevice heard ON heard.device_id = wanted.device_id
  LEFT JOIN LATERAL (
      SELECT max(coalesce(o.ended_at, s.started_at)) AS at
        FROM derms_outcome o JOIN derms_stage s ON s.id = o.stage_id
       WHERE o.device_id = wanted.device_id AND o.code NOT IN %(silent_codes)s
         AND (o.code <> %(canceled)s OR o.ended_at IS NOT NULL)) report ON true
  LEFT JOIN LATERAL (
      SELECT min(s.started_at) AS since
        FROM derms_outcome o JOIN derms_stage s ON s.id = o.stage_id
       WHERE o.device_id = wanted.device_id AND o.code IN %(silent_codes)s
         AND s.started_at > coalesce(greatest(report.at, heard.at), '-infinity')) silence ON true
