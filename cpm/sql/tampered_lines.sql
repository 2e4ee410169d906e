-- Find lines of settlement that differ from their digest, and runs whose lines, or totals, are not those of their history.
SELECT 'cpm_settlementline', line.run_id,
       'line ' || line.program_event_id || '/' || line.subject_id || ' was changed'
  FROM cpm_settlementline line
 WHERE line.digest IS DISTINCT FROM {digest}
 UNION ALL
SELECT 'cpm_settlementrun', run.id, 'has lines that were changed, removed or added'
  FROM cpm_settlementrun run
  JOIN cpm_settlementtransition drafted ON drafted.run_id = run.id AND drafted.to_state = 'Draft'
 WHERE run.state NOT IN ('Computing', 'Discarded')
   AND drafted.lines_sha256 <> (
       SELECT encode(sha256(coalesce(string_agg(digest, ''::bytea ORDER BY program_event_id, subject_id), ''::bytea)), 'hex')
         FROM cpm_settlementline WHERE run_id = run.id)
 UNION ALL
SELECT 'cpm_settlementrun', run.id, 'says other totals than its history'
  FROM cpm_settlementrun run JOIN cpm_settlementtransition t ON t.run_id = run.id AND t.revision = run.revision
 WHERE (run.state, run.lines, run.left_out, run.amount, run.lines_sha256)
       IS DISTINCT FROM (t.to_state, t.lines, t.left_out, t.amount, t.lines_sha256)
 ORDER BY 2, 3
