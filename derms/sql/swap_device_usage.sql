-- Rebuilds every device's last ten calls with one closed stage's outcomes into a new table, and swaps it in.
LOCK TABLE derms_device_usage IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE derms_device_usage_next AS
SELECT coalesce(old.device_id, called.device_id) AS device_id,
       CASE WHEN called.device_id IS NULL THEN old.recent
            ELSE ((coalesce(old.recent, 0) << 1) | called.success) & 1023 END AS recent,
       CASE WHEN called.device_id IS NULL THEN old.calls
            ELSE least(coalesce(old.calls, 0) + 1, 10) END::smallint AS calls,
       CASE WHEN called.device_id IS NULL THEN old.last_called_at
            ELSE greatest(old.last_called_at, %(called_at)s) END AS last_called_at
  FROM derms_device_usage old
  FULL JOIN (SELECT device_id, (code = 'D1SP')::integer AS success
               FROM derms_outcome WHERE stage_id = %(stage)s AND code <> 'D1CN') called USING (device_id);
ALTER TABLE derms_device_usage_next
    ADD PRIMARY KEY (device_id), ALTER recent SET NOT NULL, ALTER calls SET NOT NULL, ALTER last_called_at SET NOT NULL;
DROP TABLE derms_device_usage;
ALTER TABLE derms_device_usage_next RENAME TO derms_device_usage;
ALTER INDEX derms_device_usage_next_pkey RENAME TO derms_device_usage_pkey
