-- One keyset page of the called devices of a stage that had not answered by a moment, of one head end or of all.
SELECT head_end, nic_id, called_at
  FROM {calls}
 WHERE stage_id = %(stage)s AND NOT coalesce(answered_at <= %(until)s, false)
   AND (%(head_end)s = '' OR head_end = %(head_end)s)
   AND (head_end, nic_id) > (%(after_head_end)s, %(after_nic_id)s)
 ORDER BY head_end, nic_id LIMIT %(limit)s
