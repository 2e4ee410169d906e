-- Approved runs that have other lines or totals than when they were approved, and who approved or reviewed their own.
SELECT p.code || '-' || r.id, format('was approved with %%s lines of %%s; now it has %%s of %%s', t.lines, t.amount,
                                     r.lines, r.amount)
  FROM cpm_settlementrun r JOIN cpm_program p ON p.id = r.program_id
  JOIN cpm_settlementtransition t ON t.run_id = r.id AND t.to_state = 'Approved'
 WHERE (r.lines, r.left_out, r.amount, r.lines_sha256) <> (t.lines, t.left_out, t.amount, t.lines_sha256)
 UNION ALL
SELECT p.code || '-' || r.id, 'is ' || r.state || ', and nobody approved it in history'
  FROM cpm_settlementrun r JOIN cpm_program p ON p.id = r.program_id
 WHERE r.state IN ('Approved', 'Exported')
   AND NOT EXISTS (SELECT FROM cpm_settlementtransition t
                    WHERE t.run_id = r.id AND t.to_state = 'Approved' AND t.by = r.approved_by)
 UNION ALL
SELECT p.code || '-' || t.run_id, t.to_state || ' by ' || t.by || ', who made it'
  FROM cpm_settlementtransition t JOIN cpm_settlementrun r ON r.id = t.run_id JOIN cpm_program p ON p.id = r.program_id
 WHERE t.to_state IN ('Reviewed', 'Approved')
   AND t.by = (SELECT by FROM cpm_settlementtransition WHERE run_id = t.run_id AND revision = 1)
