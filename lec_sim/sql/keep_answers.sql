-- Keeps what head ends answered to a stage's pending calls, the latest of each device.
INSERT INTO lec_sim_lecanswer (stage_id, head_end, nic_id, at, answer, answered_at, overridden_at, reduction_w)
SELECT DISTINCT ON (told.head_end, told.nic_id)
       c.stage_id, c.head_end, c.nic_id, told.at, told.answer, told.answered_at, told.overridden_at, told.reduction_w
  FROM ({answers}) told
  JOIN lec_call c ON c.stage_id = %(stage)s AND c.head_end = told.head_end AND c.nic_id = told.nic_id
                 AND c.answer = 'pending'
 ORDER BY told.head_end, told.nic_id, told.at DESC
    ON CONFLICT (stage_id, head_end, nic_id)
    DO UPDATE SET at = EXCLUDED.at, answer = EXCLUDED.answer, answered_at = EXCLUDED.answered_at,
                  overridden_at = EXCLUDED.overridden_at, reduction_w = EXCLUDED.reduction_w
            WHERE lec_sim_lecanswer.at < EXCLUDED.at
