-- Runs, their parts and their sums that are not what their lines add up to, and lines that differ from their measurement.
WITH run AS (
    SELECT r.*, p.code || '-' || r.id AS name
      FROM cpm_settlementrun r JOIN cpm_program p ON p.id = r.program_id
     WHERE r.state NOT IN ('Computing', 'Discarded')),
part AS (
    SELECT run_id, sum(lines) AS lines, sum(left_out) AS left_out, sum(amount) AS amount
      FROM cpm_settlementpart GROUP BY run_id),
line AS (
    SELECT run_id, count(*) FILTER (WHERE left_out = '') AS lines, count(*) FILTER (WHERE left_out <> '') AS left_out,
           coalesce(sum(amount), 0) AS amount
      FROM cpm_settlementline GROUP BY run_id),
summed AS (
    SELECT run_id, of, sum(lines) AS lines, sum(left_out) AS left_out, sum(amount) AS amount
      FROM cpm_settlementsum GROUP BY run_id, of)
SELECT run.name, format('says %%s lines, %%s left out, %%s; its lines: %%s, %%s, %%s', run.lines, run.left_out, run.amount,
                        coalesce(line.lines, 0), coalesce(line.left_out, 0), coalesce(line.amount, 0))
  FROM run LEFT JOIN line ON line.run_id = run.id
 WHERE (run.lines, run.left_out, run.amount)
       <> (coalesce(line.lines, 0), coalesce(line.left_out, 0), coalesce(line.amount, 0))
 UNION ALL
SELECT run.name, format('says %%s lines, %%s left out, %%s; its parts: %%s, %%s, %%s', run.lines, run.left_out, run.amount,
                        part.lines, part.left_out, part.amount)
  FROM run JOIN part ON part.run_id = run.id
 WHERE (run.lines, run.left_out, run.amount) <> (part.lines, part.left_out, part.amount)
 UNION ALL
SELECT run.name, format('says %%s lines, %%s left out, %%s; by %%s: %%s, %%s, %%s', run.lines, run.left_out, run.amount,
                        summed.of, summed.lines, summed.left_out, summed.amount)
  FROM run JOIN summed ON summed.run_id = run.id
 WHERE CASE WHEN summed.of = 'left out' THEN run.left_out <> summed.left_out
            ELSE (run.lines, run.left_out, run.amount) <> (summed.lines, summed.left_out, summed.amount) END
 UNION ALL
SELECT run.name, format('program event %%s, device %%s: %%s kWh; measured were %%s Wh', l.program_event_id, l.subject_id,
                        l.quantity, r.saved_wh)
  FROM run
  JOIN cpm_settlementpart part ON part.run_id = run.id AND part.measurement_id IS NOT NULL
  JOIN cpm_settlementline l ON l.run_id = run.id AND l.program_event_id = part.program_event_id
  JOIN cpm_measuredresult r ON r.measurement_id = part.measurement_id AND r.device_id = l.subject_id
 WHERE run.terms ->> 'kind' = 'energy' AND l.left_out = '' AND l.quantity * 1000 IS DISTINCT FROM r.saved_wh
