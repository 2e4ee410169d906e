-- A page of the devices that stages call behind a head end, each with its stages: reservations without those that left,
-- or are to leave. It begins to look at a device that openadr_mark.sql found, so that it skips few rows.
SELECT r.nic_id, r.head_end, array_agg(r.stage_id ORDER BY r.stage_id), max(coalesce(r.nominal_w, r.expected_w))
  FROM lec_reservation r
 WHERE r.stage_id = ANY(%(stage_ids)s) AND r.head_end = %(head_end)s AND r.nic_id >= %(first)s
   AND (%(nic_id)s::text IS NULL OR r.nic_id = %(nic_id)s)
   AND NOT EXISTS (SELECT FROM lec_sim_removal m JOIN lec_sim_lecstage s ON s.stage_uid = m.stage_uid
                    WHERE s.id = r.stage_id AND m.head_end = r.head_end AND m.nic_id = r.nic_id
                      AND m.answer <> 'too late')
 GROUP BY r.nic_id, r.head_end
 ORDER BY r.nic_id OFFSET %(skip)s LIMIT %(limit)s
