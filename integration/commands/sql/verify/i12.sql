-- Customers with reserved devices who were not told that a stage comes or was canceled, if nothing says why.
WITH reserved AS (
    SELECT DISTINCT e.id AS program_event_id, e.event_uid, l.customer_id
      FROM cpm_programevent e
      JOIN cpm_participation p ON p.program_event_id = e.id AND p.reservation_flag
      JOIN cpm_device d ON d.id = p.device_id
      JOIN cpm_devicelocation l ON l.id = d.location_id
     -- A location may have gone to another customer since, who enrolled anew.
     WHERE EXISTS (SELECT FROM cpm_subscription s
                    WHERE s.location_id = l.id AND s.customer_id = l.customer_id AND s.program_id = e.program_id
                      AND s.starts_at < e.starts_at)),
coming AS (
    SELECT event_uid, customer_id, emailed_at FROM cpm_notification WHERE kind = 'reserved'),
wrong AS (
    SELECT r.program_event_id, 'customers with reserved devices have no notification that it comes' AS what
      FROM reserved r
      JOIN cpm_programevent e ON e.id = r.program_event_id
      LEFT JOIN coming ON coming.event_uid = r.event_uid AND coming.customer_id = r.customer_id
     WHERE coming.customer_id IS NULL
       -- A stage that was canceled, or started, before its customers could be notified has nobody to tell.
       AND (e.notified_at IS NOT NULL
            OR (e.state <> 'Canceled'
                AND e.reservations_loaded_at + interval '1 min'
                    < least(e.starts_at, clock_timestamp() - %(rest)s::interval)))
     UNION ALL
    SELECT r.program_event_id, 'customers who were told that it comes have no notification that it was canceled'
      FROM cpm_transition t
      -- Of devices that were loaded only after the stage was canceled nobody had heard.
      JOIN cpm_programevent e ON e.id = t.program_event_id AND e.reservations_loaded_at < t.at
      JOIN reserved r ON r.program_event_id = e.id
      JOIN coming ON coming.event_uid = r.event_uid AND coming.customer_id = r.customer_id AND coming.emailed_at < t.at
     WHERE t.to_state = 'Canceled' AND t.from_state <> 'Canceled'
       AND t.at < clock_timestamp() - %(rest)s::interval - interval '1 min'
       AND NOT EXISTS (SELECT FROM cpm_notification n
                        WHERE n.event_uid = r.event_uid AND n.customer_id = r.customer_id AND n.kind = 'canceled'
                          AND n.about = e.stage_number::text)
     UNION ALL
    SELECT n.program_event_id, format('notifications (%%s) ', n.kind) || CASE
               WHEN n.done_at IS NULL THEN
                   CASE WHEN %(are_sent)s AND n.due_at < clock_timestamp() - %(rest)s::interval - interval '15 min'
                         AND NOT EXISTS (SELECT FROM integration_alert
                                          WHERE key = 'mail server away' AND closed_at IS NULL)
                        THEN 'were due over 15 minutes ago and were not sent' END
               WHEN n.emailed_at IS NOT NULL THEN NULL
               WHEN n.not_sent = '' THEN 'were not sent, and no reason is stored'
               WHEN n.not_sent <> ALL(%(reasons)s) AND n.attempts < %(attempts)s THEN
                   format('were given up after %%s of %%s attempts', n.attempts, %(attempts)s)
               WHEN n.not_sent <> ALL(%(reasons)s)
                AND NOT EXISTS (SELECT FROM integration_alert WHERE key = 'e-mail:' || n.event_uid) THEN
                   'failed, and no alert says so'
               WHEN n.not_sent IN ('not told', 'told since')
                AND EXISTS (SELECT FROM coming
                             WHERE coming.event_uid = n.event_uid AND coming.customer_id = n.customer_id
                               AND coming.emailed_at <= n.made_at) THEN
                   format('were not sent (%%s) to customers who had been told before', n.not_sent)
               WHEN n.not_sent = 'nothing comes'
                AND EXISTS (SELECT FROM reserved r JOIN cpm_programevent e ON e.id = r.program_event_id
                             WHERE r.event_uid = n.event_uid AND r.customer_id = n.customer_id
                               AND e.state <> 'Canceled' AND e.starts_at > n.done_at
                               -- A stage that was loaded later is told as soon as its customers are notified.
                               AND (e.notified_at IS NOT NULL
                                    OR e.reservations_loaded_at + interval '1 min'
                                       < least(e.starts_at, clock_timestamp() - %(rest)s::interval))) THEN
                   'were not sent (nothing comes) to customers with reserved devices' END
      FROM cpm_notification n)
SELECT e.event_number || ' stage ' || e.stage_number, count(*) || ' ' || wrong.what
  FROM wrong
  JOIN cpm_programevent e ON e.id = wrong.program_event_id
 WHERE wrong.what IS NOT NULL
 GROUP BY e.id, wrong.what
