-- Which of some removals are of devices whose place is on a page of devices, from after a device to the last.
SELECT m.id
  FROM lec_sim_removal m
  JOIN lec_sim_lecstage s ON s.stage_uid = m.stage_uid
 WHERE m.id = ANY(%(pending)s) AND s.id = ANY(%(stage_ids)s) AND m.head_end = ANY(%(head_ends)s)
   AND (%(nic_id)s::text IS NULL OR m.nic_id = %(nic_id)s)
   AND (%(after)s::text IS NULL OR (array_position(%(head_ends)s, m.head_end::text), m.nic_id)
                                    > (array_position(%(head_ends)s, %(after_head_end)s), %(after)s))
   AND (%(last)s::text IS NULL OR (array_position(%(head_ends)s, m.head_end::text), m.nic_id)
                                   <= (array_position(%(head_ends)s, %(last_head_end)s), %(last)s))
