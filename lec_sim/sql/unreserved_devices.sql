-- Of these NIC ids, those that no device has that the stage reserved behind the head end.
SELECT DISTINCT nic_id FROM unnest(%(nic_ids)s::text[]) AS named (nic_id)
 WHERE NOT EXISTS (SELECT FROM lec_reservation r
                    WHERE r.stage_id = %(stage)s AND r.head_end = %(head_end)s AND r.nic_id = named.nic_id)
 ORDER BY nic_id
