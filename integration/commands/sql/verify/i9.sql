-- Messages and due work that nothing processes any more, and customers' requests that were never answered.
WITH open_alert AS (SELECT key FROM integration_alert WHERE closed_at IS NULL),
unanswered AS (
    SELECT 'opt-out' AS request, stage_uid, head_end, nic_id, requested_at FROM cpm_removal WHERE answer = ''
     UNION ALL
    SELECT 'removal', stage_uid, head_end, nic_id, requested_at FROM derms_removal WHERE answer = '')
SELECT m.kind || ' ' || m.subject, 'has no receiver'
  FROM integration_message m
 WHERE NOT EXISTS (SELECT FROM integration_delivery d WHERE d.message_id = m.id)
 UNION ALL
SELECT m.kind || ' ' || m.subject || ' to ' || d.receiver, 'is a dead letter without an alert'
  FROM integration_delivery d JOIN integration_message m ON m.id = d.message_id
 WHERE d.dead_at IS NOT NULL AND d.discarded_at IS NULL
   AND NOT EXISTS (SELECT FROM open_alert WHERE key = 'dead:delivery:' || d.id)
 UNION ALL
SELECT m.kind || ' ' || m.subject || ' to ' || d.receiver, 'has not been delivered since ' || d.created_at
  FROM integration_delivery d JOIN integration_message m ON m.id = d.message_id
 WHERE d.delivered_at IS NULL AND d.dead_at IS NULL AND d.discarded_at IS NULL
   -- Twelve attempts take a minute; a delivery that waits for something else may wait for a quarter of an hour.
   AND d.created_at < clock_timestamp() - %(rest)s::interval - CASE WHEN d.queue = 'small' AND d.not_yet_since IS NULL
                                                          THEN interval '2 min' ELSE interval '16 min' END
   AND NOT EXISTS (SELECT FROM open_alert WHERE key = 'waiting:delivery:' || d.id)
 UNION ALL
SELECT concat_ws(' ', w.name, w.object_id), 'is a dead letter without an alert'
  FROM integration_duework w
 WHERE w.dead_at IS NOT NULL AND NOT EXISTS (SELECT FROM open_alert WHERE key = 'dead:duework:' || w.id)
 UNION ALL
SELECT r.request || ' of ' || r.head_end || '/' || r.nic_id || ' from stage ' || r.stage_uid, 'was never answered'
  FROM unanswered r
 WHERE r.requested_at < clock_timestamp() - %(rest)s::interval
   AND NOT EXISTS (SELECT FROM integration_message m JOIN integration_delivery d ON d.message_id = m.id
                    WHERE m.stage_uid = r.stage_uid AND m.subject = 'device:' || r.head_end || '/' || r.nic_id
                      AND d.delivered_at IS NULL)
 UNION ALL
SELECT 'unavailability ' || u.uid || ' of ' || d.head_end || '/' || d.nic_id, 'DERMS has not applied it'
  FROM cpm_unavailability u
  JOIN cpm_device d ON d.id = u.device_id
 WHERE u.saved_at < clock_timestamp() - %(rest)s::interval
   AND NOT EXISTS (SELECT FROM derms_deviceunavailability n
                    WHERE n.uid = u.uid AND n.version = u.version AND n.canceled = (u.state = 'Canceled'))
   AND NOT EXISTS (SELECT FROM integration_message m JOIN integration_delivery t ON t.message_id = m.id
                    WHERE m.kind = 'customer_unavailability' AND m.subject = 'device:' || d.head_end || '/' || d.nic_id
                      AND t.delivered_at IS NULL)
