-- What DERMS's answers about its devices make of each of some subscriptions. A device that was taken out before the
-- subscription ended is no longer part of it.
SELECT u.id AS subscription_id,
       CASE WHEN bool_or(sd.answer = 'Error') THEN 'Error'
            WHEN u.ends_at IS NULL THEN CASE WHEN bool_and(sd.answer = 'Registered') THEN 'Registered' ELSE 'Registering' END
            WHEN bool_and(sd.answer = 'Deregistered') THEN 'Deregistered'
            ELSE 'Deregistering' END AS state,
       -- Distinct sentences would have to be sorted; few subscriptions have any.
       CASE WHEN bool_or(sd.answer = 'Error') THEN
           coalesce((SELECT string_agg(DISTINCT failed.error, chr(10))
                       FROM cpm_subscribeddevice failed JOIN cpm_device fd ON fd.id = failed.device_id
                      WHERE failed.subscription_id = u.id AND failed.answer = 'Error'
                        AND (fd.ended_at IS NULL OR fd.ended_at >= u.ends_at)), '')
            ELSE '' END AS reason
  FROM cpm_subscription u
  JOIN cpm_subscribeddevice sd ON sd.subscription_id = u.id
  JOIN cpm_device d ON d.id = sd.device_id AND (d.ended_at IS NULL OR d.ended_at >= u.ends_at)
 WHERE u.id IN ({subscriptions})
 GROUP BY u.id
