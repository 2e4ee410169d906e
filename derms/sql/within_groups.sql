-- The condition that a device meets the criteria of one of a stage's DER groups, for candidates.sql. Criteria that were
-- submitted before there were more of them lack the later ones.
AND EXISTS (SELECT FROM jsonb_to_recordset(%(groups)s::jsonb) AS g(
                            device_classes derms_device_class[], substation_ids bigint[], feeder_ids bigint[],
                            transformer_ids bigint[], head_end_ids bigint[], program_ids bigint[],
                            least_rate_pct integer)
             WHERE (g.device_classes = '{}' OR c.device_class = ANY(g.device_classes))
               AND (coalesce(g.substation_ids, '{}') = '{}' OR EXISTS (SELECT FROM derms_feeder f
                        WHERE f.id = c.feeder_id AND f.substation_id = ANY(g.substation_ids)))
               AND (g.feeder_ids = '{}' OR c.feeder_id = ANY(g.feeder_ids))
               AND (coalesce(g.transformer_ids, '{}') = '{}' OR EXISTS (SELECT FROM derms_device d
                        WHERE d.id = c.device_id AND d.transformer_id = ANY(g.transformer_ids)))
               AND (g.head_end_ids = '{}' OR c.head_end_id = ANY(g.head_end_ids))
               AND (g.least_rate_pct IS NULL OR c.rate_pm >= 10 * g.least_rate_pct)
               AND (g.program_ids = '{}' OR EXISTS (SELECT FROM derms_enrollment also
                        WHERE also.device_id = c.device_id AND also.program_id = ANY(g.program_ids)
                          AND also.starts_at <= %(starts_at)s
                          AND (also.ends_at IS NULL OR also.ends_at >= %(ends_at)s))))
