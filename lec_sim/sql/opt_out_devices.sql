-- Remove devices that say they stay out of a stage, or note that it was too late; one that has left already is not new.
INSERT INTO lec_sim_removal (stage_uid, head_end, nic_id, reason, answer, at)
SELECT DISTINCT %(stage_uid)s::uuid, %(head_end)s, nic_id, 'opt-out', %(answer)s, %(now)s::timestamptz
  FROM unnest(%(nic_ids)s::text[]) AS named (nic_id)
 ORDER BY nic_id
    ON CONFLICT DO NOTHING
RETURNING nic_id
