-- How many devices stages call behind a head end; those of openadr_grants.sql.
SELECT count(DISTINCT r.nic_id)
  FROM lec_reservation r
 WHERE r.stage_id = ANY(%(stage_ids)s) AND r.head_end = %(head_end)s
   AND (%(nic_id)s::text IS NULL OR r.nic_id = %(nic_id)s)
   AND NOT EXISTS (SELECT FROM lec_sim_removal m JOIN lec_sim_lecstage s ON s.stage_uid = m.stage_uid
                    WHERE s.id = r.stage_id AND m.head_end = r.head_end AND m.nic_id = r.nic_id
                      AND m.answer <> 'too late')
