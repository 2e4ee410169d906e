-- Call each reserved device of a stage whose head end's driver answers later.
SELECT %(stage)s::bigint AS stage_id, r.head_end, r.nic_id, %(called_at)s::timestamptz AS called_at,
       'pending'::text AS answer, NULL::timestamptz AS answered_at, NULL::timestamptz AS overridden_at, 0 AS power_w,
       coalesce(r.nominal_w, r.expected_w) AS nominal_w
  FROM lec_reservation r
  JOIN lec_sim_headendprofile p ON p.head_end = r.head_end AND p.driver = ANY(%(later)s)
 WHERE r.stage_id = %(stage)s
   AND NOT EXISTS (SELECT FROM lec_sim_removal m
                    WHERE m.stage_uid = %(stage_uid)s::uuid AND m.head_end = r.head_end AND m.nic_id = r.nic_id
                      AND m.has_left)
