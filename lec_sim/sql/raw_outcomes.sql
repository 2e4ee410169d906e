-- Report what each reserved device of a stage that is over did. A device that takes part holds its power from its answer
-- until the end, its release or its customer's override. Who answered only after the planned end did not answer; if the
-- stage was canceled before, a device that would have answered in time was released.
-- reduction_w is that energy as an average over the stage's planned window, response_pm its share of the nominal energy
-- of the time in which the device should have run: from the call until the end or its release.
SELECT head_end, nic_id,
       CASE WHEN answer IS NOT NULL AND NOT has_answered THEN %(no_response)s
            WHEN answer IN ('rejected', 'failed') THEN %(error)s
            WHEN answer IS NULL THEN %(canceled)s
            WHEN overridden_at < until THEN %(override)s
            WHEN released THEN %(canceled)s ELSE %(success)s END AS code,
       CASE WHEN takes_part THEN called_at END AS started_at,
       CASE WHEN takes_part THEN least(overridden_at, until) END AS ended_at,
       floor(energy_ws / %(window)s)::integer AS reduction_w,
       CASE WHEN answer IS NOT NULL AND NOT has_answered THEN %(did_not_answer)s
            WHEN answer = 'rejected' THEN %(rejected)s
            WHEN answer = 'failed' THEN %(failed)s
            WHEN overridden_at < until THEN ''
            WHEN removed IS NOT NULL AND (released OR answer IS NULL) THEN removed
            WHEN released THEN %(reason)s
            WHEN answer IS NULL THEN %(never_called)s ELSE '' END AS error,
       least(round(1000 * energy_ws / nullif(nominal_w * extract(epoch FROM until - called_at), 0)), 1500)::integer
           AS response_pm
  FROM (SELECT reported.*,
               CASE WHEN takes_part
                    THEN power_w * greatest(extract(epoch FROM least(overridden_at, until) - answered_at), 0)
                    ELSE 0 END AS energy_ws
          FROM (SELECT reserved.*, m.reason AS removed,
                       least(m.at, %(ended_at)s) < %(ends_at)s AS released,
                       greatest(least(m.at, %(ended_at)s), called_at) AS until,
                       has_answered AND reserved.answer = 'takes part' AS takes_part
                  FROM (SELECT head_end, nic_id, called_at, answer, answered_at, overridden_at, power_w, nominal_w,
                               answer <> 'silent' AND coalesce(answered_at <= %(ends_at)s, false) AS has_answered
                          FROM {calls} WHERE stage_id = %(stage)s
                         UNION ALL
                        SELECT r.head_end, r.nic_id, NULL, NULL, NULL, NULL, NULL, NULL, false
                          FROM lec_reservation r
                         WHERE r.stage_id = %(stage)s AND %(calls_made_at)s::timestamptz IS NULL
                         UNION ALL
                        -- Once calls were made, the only devices not called are those that had left the stage before.
                        SELECT r.head_end, r.nic_id, NULL, NULL, NULL, NULL, NULL, NULL, false
                          FROM lec_sim_removal left_it
                          JOIN lec_reservation r ON r.stage_id = %(stage)s AND r.head_end = left_it.head_end
                                                AND r.nic_id = left_it.nic_id
                         WHERE left_it.stage_uid = %(stage_uid)s AND %(calls_made_at)s::timestamptz IS NOT NULL
                           AND NOT EXISTS (SELECT FROM lec_call c
                                            WHERE c.stage_id = %(stage)s AND c.head_end = r.head_end
                                              AND c.nic_id = r.nic_id)) reserved
                  LEFT JOIN lec_sim_removal m ON m.stage_uid = %(stage_uid)s AND m.head_end = reserved.head_end
                                             AND m.nic_id = reserved.nic_id AND m.has_left) reported) used
