-- Notes which alerts a person is told of now, at their present priority.
INSERT INTO config_alerttold (person_id, alert_id, priority, at)
SELECT person_id, alert_id, priority, %(now)s FROM ({due}) due WHERE person_id = %(person)s
    ON CONFLICT (person_id, alert_id) DO UPDATE SET priority = EXCLUDED.priority, at = EXCLUDED.at
RETURNING alert_id, priority
