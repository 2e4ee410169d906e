-- Where to look for a device of a stage behind a head end that comes after so many others: the last numbered device
-- before it, and how many still called devices come before that one. Few devices leave, so few numbers are looked at.
WITH gone AS (
    SELECT m.nic_id
      FROM lec_sim_removal m
      JOIN lec_sim_lecstage s ON s.stage_uid = m.stage_uid
      JOIN lec_reservation r ON r.stage_id = %(stage)s AND r.head_end = m.head_end AND r.nic_id = m.nic_id
     WHERE s.id = %(stage)s AND m.head_end = %(head_end)s AND m.answer <> 'too late'
)
SELECT k.nic_id, k.number - before.gone
  FROM lec_sim_grantmark k
  JOIN lec_sim_announcement a ON a.id = k.announcement_id
  JOIN lec_sim_ven v ON v.id = a.ven_id
  JOIN lec_sim_headendprofile p ON p.id = v.profile_id
 CROSS JOIN LATERAL (SELECT count(*) AS gone FROM gone WHERE gone.nic_id < k.nic_id) before
 WHERE a.stage_id = %(stage)s AND p.head_end = %(head_end)s
   AND k.number <= %(skip)s + (SELECT count(*) FROM gone) AND k.number - before.gone <= %(skip)s
 ORDER BY k.number DESC LIMIT 1
