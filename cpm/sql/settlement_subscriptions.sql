-- Subscriptions that signed up in the period, stayed through it, or left in it before their time. Who referred one is
-- paid for it, at a place of their own.
SELECT 0::bigint AS program_event_id, s.id AS subject_id,
       CASE WHEN %(kind)s = 'referral' THEN n.referred_by_id ELSE s.customer_id END AS customer_id,
       CASE WHEN %(kind)s = 'referral' THEN coalesce(referrer.location_id, s.location_id)
            ELSE s.location_id END AS location_id, '' AS code,
       CASE WHEN %(kind)s = 'early exit' AND n.left_because IN ('moved out', 'life support', 'service ended')
            THEN 0 ELSE 100 END::numeric(7,4) AS percent,
       1::numeric(18,6) AS quantity,
       CASE WHEN %(kind)s = 'early exit' THEN -1 ELSE 1 END * %(price)s::numeric AS gross, '' AS left_out
  FROM cpm_subscription s
  JOIN cpm_devicelocation l ON l.id = s.location_id
  LEFT JOIN cpm_enrollment n ON n.subscription_id = s.id
 CROSS JOIN LATERAL (SELECT (s.starts_at AT TIME ZONE l.time_zone)::date AS starts_on,
                            (s.ends_at AT TIME ZONE l.time_zone)::date AS ended_on) days
 CROSS JOIN LATERAL (SELECT min(own.id) AS location_id FROM cpm_devicelocation own
                      WHERE own.customer_id = n.referred_by_id AND own.left_at IS NULL) referrer
 WHERE s.program_id = %(program)s
   AND CASE %(kind)s
            WHEN 'sign-up' THEN days.starts_on BETWEEN %(starts_on)s AND %(ends_on)s
            WHEN 'referral' THEN n.referred_by_id IS NOT NULL AND days.starts_on BETWEEN %(starts_on)s AND %(ends_on)s
            WHEN 'stay' THEN days.starts_on <= %(starts_on)s AND (days.ended_on IS NULL OR days.ended_on > %(ends_on)s)
            ELSE days.ended_on BETWEEN %(starts_on)s AND %(ends_on)s
                 AND s.ends_at - s.starts_at < %(least_days)s * interval '1 day' END
