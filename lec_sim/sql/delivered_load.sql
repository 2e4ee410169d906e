-- Sum up what the called devices of a stage do now, by head end: how many were called and have answered, rejected or
-- overridden the call (one that reports an error counts as rejected), and the power in W of those that take part. A device
-- holds its power from its answer until its own end (raw_outcomes.sql).
SELECT head_end, count(*) AS called,
       count(*) FILTER (WHERE answered_at <= %(now)s) AS answered,
       count(*) FILTER (WHERE answered_at <= %(now)s AND answer IN ('rejected', 'failed')) AS rejected,
       count(*) FILTER (WHERE overridden_at <= %(now)s) AS overridden,
       coalesce(sum(power_w) FILTER (WHERE answer = 'takes part' AND answered_at <= %(now)s AND removed IS NULL
                                       AND (overridden_at IS NULL OR overridden_at > %(now)s)), 0)::bigint AS reduction_w
  FROM (SELECT c.*, m.at AS removed
          FROM {calls} c
          LEFT JOIN lec_sim_removal m ON m.stage_uid = %(stage_uid)s AND m.head_end = c.head_end
                                     AND m.nic_id = c.nic_id AND m.has_left
         WHERE c.stage_id = %(stage)s) called
 GROUP BY head_end
 ORDER BY head_end
