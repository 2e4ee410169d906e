-- The condition that a reserved device matches the filter of its stage's page, for stage_devices; an empty value matches all.
AND EXISTS (SELECT FROM derms_device d
              JOIN derms_feeder f ON f.id = d.feeder_id
              LEFT JOIN derms_outcome o ON o.stage_id = %(stage)s AND o.device_id = d.id
             WHERE d.id = r.device_id
               AND (%(q)s = '' OR starts_with(d.nic_id, %(q)s))
               AND (%(feeder)s = '' OR f.code = %(feeder)s)
               AND (%(outcome)s = '' OR coalesce(o.code, 'none') = %(outcome)s))
