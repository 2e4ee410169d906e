-- The devices that stages called, packed as in reserved_devices.sql; the same condition as in called_before.sql.
SELECT string_agg(int8send(device_id), ''::bytea)
  FROM derms_outcome
 WHERE stage_id = ANY(%(stages)s::bigint[]) AND (code IN %(calls)s OR ended_at > started_at)
