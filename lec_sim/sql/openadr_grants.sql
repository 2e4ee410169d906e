-- A page of the devices that stages call behind head ends, each with its stages: reservations without those that left,
-- or are to leave. An empty page still costs its skipped rows.
SELECT r.nic_id, r.head_end, array_agg(r.stage_id ORDER BY r.stage_id), max(coalesce(r.nominal_w, r.expected_w))
  FROM lec_reservation r
 WHERE r.stage_id = ANY(%(stage_ids)s) AND r.head_end = ANY(%(head_ends)s)
   AND (%(nic_id)s::text IS NULL OR r.nic_id = %(nic_id)s)
   AND NOT EXISTS (SELECT FROM lec_sim_removal m JOIN lec_sim_lecstage s ON s.stage_uid = m.stage_uid
                    WHERE s.id = r.stage_id AND m.head_end = r.head_end AND m.nic_id = r.nic_id
                      AND m.answer <> 'too late')
 GROUP BY r.nic_id, r.head_end
 ORDER BY r.nic_id, r.head_end OFFSET %(skip)s LIMIT %(limit)s
