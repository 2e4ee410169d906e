-- Who is due an e-mail about alerts: no more than one in a while.
SELECT DISTINCT person.id
  FROM config_user person
  JOIN integration_alert a ON a.closed_at IS NULL AND a.acknowledged_at IS NULL AND a.priority <= person.alerts_from
       AND a.opened_at <= %(now)s - person.alerts_after_min * interval '1 minute'
 WHERE person.is_active AND person.email <> ''
   AND NOT EXISTS (SELECT FROM config_alerttold told
                    WHERE told.person_id = person.id AND told.alert_id = a.id AND told.priority <= a.priority)
   AND NOT EXISTS (SELECT FROM config_alerttold told
                    WHERE told.person_id = person.id AND told.at > %(rested_since)s)
