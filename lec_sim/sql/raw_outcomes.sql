-- What each reserved device of a stage that is over did. Reductions are averages over the stage's whole window.
SELECT head_end, nic_id,
       CASE WHEN answer = 'silent' THEN 'D1ND' WHEN answer = 'rejected' THEN 'D1ER'
            WHEN answer IS NULL THEN 'D1CN'
            WHEN overridden_at < until THEN 'D1IO'
            WHEN let_go THEN 'D1CN' ELSE 'D1SP' END AS code,
       CASE WHEN answer = 'takes part' THEN called_at END AS started_at,
       CASE WHEN answer = 'takes part' THEN least(overridden_at, until) END AS ended_at,
       CASE WHEN answer IS NULL THEN 0 WHEN answer <> 'takes part' OR overridden_at < until THEN reduction_w
            -- What was settled at the call holds to the device's own end; a device let go earlier gave its share.
            ELSE floor(coalesce(reduction_w * extract(epoch FROM until - called_at)
                       / nullif(extract(epoch FROM least(overridden_at, %(ends_at)s) - called_at), 0), 0)) END::integer
           AS reduction_w,
       CASE WHEN answer = 'silent' THEN 'the device did not answer'
            WHEN answer = 'rejected' THEN 'the head end system rejected the call'
            WHEN overridden_at < until THEN ''
            WHEN removed IS NOT NULL AND (let_go OR answer IS NULL) THEN removed
            WHEN let_go THEN %(reason)s
            WHEN answer IS NULL THEN 'never called: the stage ended first' ELSE '' END AS error
  FROM (SELECT r.head_end, r.nic_id, c.called_at, c.answer, c.overridden_at, c.reduction_w,
               m.reason AS removed,
               least(m.at, %(ended_at)s) < %(ends_at)s AS let_go,
               greatest(least(m.at, %(ended_at)s), c.called_at) AS until
          FROM lec_reservation r
          LEFT JOIN lec_call c ON c.stage_id = r.stage_id AND c.head_end = r.head_end AND c.nic_id = r.nic_id
          LEFT JOIN lec_sim_removal m ON m.stage_uid = %(stage_uid)s AND m.head_end = r.head_end AND m.nic_id = r.nic_id
                                     AND m.answer IN ('removed', 'released')
         WHERE r.stage_id = %(stage)s) told
