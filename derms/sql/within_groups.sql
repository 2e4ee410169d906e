-- The condition that a device meets the criteria of one of a stage's DER groups, for candidates.sql.
AND EXISTS (SELECT FROM jsonb_to_recordset(%(groups)s::jsonb) AS g(
                            device_classes derms_device_class[], feeder_ids bigint[], head_end_ids bigint[],
                            program_ids bigint[])
             WHERE (g.device_classes = '{}' OR c.device_class = ANY(g.device_classes))
               AND (g.feeder_ids = '{}' OR c.feeder_id = ANY(g.feeder_ids))
               AND (g.head_end_ids = '{}' OR c.head_end_id = ANY(g.head_end_ids))
               AND (g.program_ids = '{}' OR EXISTS (SELECT FROM derms_enrollment also
                        WHERE also.device_id = c.device_id AND also.program_id = ANY(g.program_ids)
                          AND also.starts_at <= %(starts_at)s
                          AND (also.ends_at IS NULL OR also.ends_at >= %(ends_at)s))))
