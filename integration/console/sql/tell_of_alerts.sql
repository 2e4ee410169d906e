-- Notes which alerts a person is told of now, at their present priority, as people_to_mail.sql finds them.
INSERT INTO config_alerttold (person_id, alert_id, priority, at)
SELECT person.id, a.id, a.priority, %(now)s
  FROM config_user person
  JOIN integration_alert a ON a.closed_at IS NULL AND a.acknowledged_at IS NULL AND a.priority <= person.alerts_from
       AND a.opened_at <= %(now)s - person.alerts_after_min * interval '1 minute'
 WHERE person.id = %(person)s AND person.is_active AND person.email <> ''
   AND NOT EXISTS (SELECT FROM config_alerttold told
                    WHERE told.person_id = person.id AND told.at > %(rested_since)s)
    ON CONFLICT (person_id, alert_id) DO UPDATE SET priority = EXCLUDED.priority, at = EXCLUDED.at
 WHERE config_alerttold.priority > EXCLUDED.priority
RETURNING alert_id
