-- Calls with the answer that came later, if one did: only pending calls have one, and theirs are empty themselves.
CREATE VIEW lec_answered_call AS
SELECT c.stage_id, c.head_end, c.nic_id, c.called_at, coalesce(a.answer, c.answer) AS answer,
       coalesce(a.answered_at, c.answered_at) AS answered_at, coalesce(a.overridden_at, c.overridden_at) AS overridden_at,
       coalesce(a.power_w, c.power_w) AS power_w, c.nominal_w
  FROM lec_call c
  LEFT JOIN lec_sim_lecanswer a ON a.stage_id = c.stage_id AND a.head_end = c.head_end AND a.nic_id = c.nic_id;
