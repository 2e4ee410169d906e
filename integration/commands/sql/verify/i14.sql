-- Participations of a run's events without a line, lines of none, and parts that count otherwise.
WITH run AS (
    SELECT r.id, p.code || '-' || r.id AS name
      FROM cpm_settlementrun r JOIN cpm_program p ON p.id = r.program_id
     WHERE r.state NOT IN ('Computing', 'Discarded')),
part AS (
    SELECT run.id, run.name, part.program_event_id, part.lines + part.left_out AS counted
      FROM run JOIN cpm_settlementpart part ON part.run_id = run.id AND part.program_event_id IS NOT NULL),
season AS (
    SELECT run.id, run.name, (event ->> 'program_event_id')::bigint AS program_event_id
      FROM run JOIN cpm_settlementpart part ON part.run_id = run.id AND part.program_event_id IS NULL,
           LATERAL jsonb_array_elements(part.events) event)
SELECT part.name, format('program event %%s: device %%s has no line', part.program_event_id, p.device_id)
  FROM part JOIN cpm_participation p ON p.program_event_id = part.program_event_id
 WHERE NOT EXISTS (SELECT FROM cpm_settlementline l WHERE l.run_id = part.id
                      AND l.program_event_id = p.program_event_id AND l.subject_id = p.device_id)
 UNION ALL
SELECT DISTINCT season.name, format('device %%s has no line of the season', p.device_id)
  FROM season JOIN cpm_participation p ON p.program_event_id = season.program_event_id
 WHERE NOT EXISTS (SELECT FROM cpm_settlementline l WHERE l.run_id = season.id
                      AND l.program_event_id = 0 AND l.subject_id = p.device_id)
 UNION ALL
SELECT part.name, format('program event %%s has %%s lines; counted were %%s', part.program_event_id, count(l.run_id),
                         part.counted)
  FROM part LEFT JOIN cpm_settlementline l ON l.run_id = part.id AND l.program_event_id = part.program_event_id
 GROUP BY part.name, part.program_event_id, part.counted
HAVING count(l.run_id) <> part.counted
