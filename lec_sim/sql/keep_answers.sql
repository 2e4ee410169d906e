-- Store what head ends answered to a stage's pending calls, the latest answer per device; of the same moment, the last
-- one that was read.
INSERT INTO lec_sim_lecanswer (stage_id, head_end, nic_id, at, answer, answered_at, overridden_at, power_w)
SELECT DISTINCT ON (late.head_end, late.nic_id)
       c.stage_id, c.head_end, c.nic_id, late.at, late.answer, late.answered_at, late.overridden_at, late.power_w
  FROM ({answers}) late
  JOIN lec_call c ON c.stage_id = %(stage)s AND c.head_end = late.head_end AND c.nic_id = late.nic_id
                 AND c.answer = 'pending'
 ORDER BY late.head_end, late.nic_id, late.at DESC
    ON CONFLICT (stage_id, head_end, nic_id)
    DO UPDATE SET at = EXCLUDED.at, answer = EXCLUDED.answer, answered_at = EXCLUDED.answered_at,
                  overridden_at = EXCLUDED.overridden_at, power_w = EXCLUDED.power_w
            WHERE lec_sim_lecanswer.at <= EXCLUDED.at
              AND (lec_sim_lecanswer.answer, lec_sim_lecanswer.answered_at, lec_sim_lecanswer.overridden_at,
                   lec_sim_lecanswer.power_w)
                  IS DISTINCT FROM (EXCLUDED.answer, EXCLUDED.answered_at, EXCLUDED.overridden_at, EXCLUDED.power_w)
