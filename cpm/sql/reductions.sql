-- Count the devices of a program event by how much they reduced, in tenths of what was expected of each: 0 if less than a
-- tenth, the most if as many tenths or more, -1 if nothing, NULL if nothing was expected. Reads one device in so many.
SELECT CASE WHEN p.expected_w = 0 THEN NULL
            WHEN o.reduction_w = 0 THEN -1
            ELSE least(10::bigint * o.reduction_w / p.expected_w, %(most)s) END AS tenths,
       count(*)
  FROM cpm_participation p
  JOIN cpm_outcome o ON o.program_event_id = p.program_event_id AND o.device_id = p.device_id
 WHERE p.program_event_id = %(program_event)s AND o.program_event_id = %(program_event)s
   AND hashint8(p.device_id) & (%(one_in)s - 1) = 0
 GROUP BY 1
