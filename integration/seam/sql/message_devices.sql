-- Part of other statements: the devices that a message names by head end, each once; `status` is null in a question.
SELECT DISTINCT one->>'head_end' AS head_end, nic_id, one->>'status' AS status
  FROM jsonb_array_elements(%(message)s::jsonb->'devices') one, jsonb_array_elements_text(one->'nic_ids') named (nic_id)
