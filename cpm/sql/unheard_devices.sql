-- Part of other statements: enrolled devices by id that no status check has found online lately.
SELECT d.id, d.head_end, d.nic_id
  FROM cpm_device d
  LEFT JOIN cpm_devicestatus s ON s.device_id = d.id
 WHERE d.id > %(after)s AND d.ended_at IS NULL
   AND (s.heard_at IS NULL OR s.heard_at < %(heard_before)s)
   AND (s.asked_at IS NULL OR s.asked_at < %(now)s::timestamptz - interval '12 hours')
   AND EXISTS (SELECT FROM cpm_subscribeddevice sd
                 JOIN cpm_subscription u ON u.id = sd.subscription_id AND u.ends_at IS NULL
                WHERE sd.device_id = d.id AND sd.answer = 'Registered')
 ORDER BY d.id
 LIMIT %(most)s
