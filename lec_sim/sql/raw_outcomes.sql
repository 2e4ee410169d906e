-- What each reserved device of a stage that is over did.
SELECT r.head_end, r.nic_id,
       CASE WHEN c.answer IS NULL THEN 'D1CN' WHEN c.answer = 'silent' THEN 'D1ND' WHEN c.answer = 'rejected' THEN 'D1ER'
            WHEN c.overridden_at < %(ended_at)s THEN 'D1IO' ELSE 'D1SP' END AS code,
       CASE WHEN c.answer = 'takes part' THEN c.called_at END AS started_at,
       CASE WHEN c.answer = 'takes part' THEN least(c.overridden_at, %(ended_at)s) END AS ended_at,
       coalesce(c.reduction_w, 0) AS reduction_w,
       CASE WHEN c.answer IS NULL THEN 'never called: the stage ended first'
            WHEN c.answer = 'silent' THEN 'the device did not answer'
            WHEN c.answer = 'rejected' THEN 'the head end system rejected the call' ELSE '' END AS error
  FROM lec_reservation r
  LEFT JOIN lec_call c ON c.stage_id = r.stage_id AND c.head_end = r.head_end AND c.nic_id = r.nic_id
 WHERE r.stage_id = %(stage)s
