-- Keep what a head end says of its devices in a stage. A moment to come is not known yet: it is said of now.
INSERT INTO lec_word (stage_id, head_end, nic_id, at, word, heard_at)
SELECT DISTINCT %(stage)s::bigint, %(head_end)s, nic_id, least(at, %(now)s), word, %(now)s::timestamptz
  FROM jsonb_to_recordset(%(said)s) AS said (nic_id text, word text, at timestamptz)
 ORDER BY nic_id, least(at, %(now)s), word
    ON CONFLICT (nic_id, head_end, at, word, stage_id) DO NOTHING
