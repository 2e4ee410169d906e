-- Who is due an e-mail about alerts.
SELECT DISTINCT person_id FROM ({due}) due ORDER BY person_id
