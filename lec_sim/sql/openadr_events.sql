-- What vens may read of stages, the next one first. Of each, how many of its devices have left or are to leave: a
-- removal that was too late changes nothing, but one that its head end has not read yet counts.
SELECT a.id, (SELECT count(*) FROM lec_sim_removal m
                JOIN lec_reservation r ON r.stage_id = s.id AND r.head_end = m.head_end AND r.nic_id = m.nic_id
               WHERE m.stage_uid = s.stage_uid AND m.head_end = p.head_end AND m.answer <> 'too late')
  FROM lec_sim_announcement a
  JOIN lec_sim_lecstage s ON s.id = a.stage_id
  JOIN lec_sim_ven v ON v.id = a.ven_id
  JOIN lec_sim_headendprofile p ON p.id = v.profile_id
 WHERE a.ven_id = ANY(%(vens)s) AND s.ends_at >= %(since)s
 ORDER BY s.starts_at, s.id, a.ven_id
