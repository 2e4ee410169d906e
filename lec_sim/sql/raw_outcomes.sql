-- Report what each reserved device of a stage that is over did. Reductions are averages over the stage's whole window.
SELECT head_end, nic_id,
       CASE WHEN answer IN ('silent', 'pending') THEN %(no_response)s WHEN answer = 'rejected' THEN %(error)s
            WHEN answer IS NULL THEN %(canceled)s
            WHEN overridden_at < until THEN %(override)s
            WHEN released THEN %(canceled)s ELSE %(success)s END AS code,
       CASE WHEN answer = 'takes part' THEN called_at END AS started_at,
       CASE WHEN answer = 'takes part' THEN least(overridden_at, until) END AS ended_at,
       CASE WHEN answer IS NULL THEN 0
            -- The call's reduction lasts to the device's own end; a device released earlier delivered a share.
            WHEN answer <> 'takes part' OR overridden_at < until OR NOT released THEN reduction_w
            ELSE floor(coalesce(reduction_w * extract(epoch FROM until - called_at)
                       / nullif(extract(epoch FROM least(overridden_at, %(ends_at)s) - called_at), 0), 0)) END::integer
           AS reduction_w,
       CASE WHEN answer IN ('silent', 'pending') THEN 'the device did not answer'
            WHEN answer = 'rejected' THEN 'the head end system rejected the call'
            WHEN overridden_at < until THEN ''
            WHEN removed IS NOT NULL AND (released OR answer IS NULL) THEN removed
            WHEN released THEN %(reason)s
            WHEN answer IS NULL THEN 'never called: the stage ended first' ELSE '' END AS error,
       NULL AS response_pm
  FROM (SELECT reserved.*, m.reason AS removed,
               least(m.at, %(ended_at)s) < %(ends_at)s AS released,
               greatest(least(m.at, %(ended_at)s), called_at) AS until
          FROM (SELECT head_end, nic_id, called_at, answer, overridden_at, reduction_w
                  FROM {calls} WHERE stage_id = %(stage)s
                 UNION ALL
                SELECT r.head_end, r.nic_id, NULL, NULL, NULL, NULL
                  FROM lec_reservation r
                 WHERE r.stage_id = %(stage)s AND %(calls_made_at)s::timestamptz IS NULL
                 UNION ALL
                -- Once calls were made, the only devices not called are those that had left the stage before.
                SELECT r.head_end, r.nic_id, NULL, NULL, NULL, NULL
                  FROM lec_sim_removal left_it
                  JOIN lec_reservation r ON r.stage_id = %(stage)s AND r.head_end = left_it.head_end
                                        AND r.nic_id = left_it.nic_id
                 WHERE left_it.stage_uid = %(stage_uid)s AND %(calls_made_at)s::timestamptz IS NOT NULL
                   AND NOT EXISTS (SELECT FROM lec_call c
                                    WHERE c.stage_id = %(stage)s AND c.head_end = r.head_end
                                      AND c.nic_id = r.nic_id)) reserved
          LEFT JOIN lec_sim_removal m ON m.stage_uid = %(stage_uid)s AND m.head_end = reserved.head_end
                                     AND m.nic_id = reserved.nic_id AND m.has_left) reported
