-- Part of other statements: which open alerts are due to be e-mailed to whom. Nobody is e-mailed twice within a while.
SELECT person.id AS person_id, a.id AS alert_id, a.priority
  FROM config_user person
  JOIN integration_alert a ON a.closed_at IS NULL AND a.acknowledged_at IS NULL AND a.priority <= person.alerts_from
       AND a.opened_at <= %(now)s - person.alerts_after_min * interval '1 minute'
 WHERE person.is_active AND person.email <> ''
   AND NOT EXISTS (SELECT FROM config_alerttold told
                    WHERE told.person_id = person.id AND told.at > %(rested_since)s)
   AND NOT EXISTS (SELECT FROM config_alerttold told
                    WHERE told.person_id = person.id AND told.alert_id = a.id AND told.priority <= a.priority)
