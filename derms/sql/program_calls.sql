-- Counts the enrolled devices of each program by the number of events that called them this season.
SELECT p.code, p.name, CASE WHEN c.season = zone.season THEN c.season_events ELSE 0 END AS events, count(*) AS devices
  FROM derms_candidate c
  JOIN unnest(%(zones)s::bigint[], %(seasons)s::smallint[]) AS zone (id, season) ON zone.id = c.zone_id
  JOIN derms_program p ON p.id = c.program_id
 WHERE c.enrolled_from <= %(now)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(now)s)
 GROUP BY 1, 2, 3
 ORDER BY 1, 3
