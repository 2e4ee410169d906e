-- Finished loads whose applied and refused rows don't add up to the rows of the manifest.
SELECT m.kind || ' at ' || l.receiver || ', ' || coalesce(m.stage_uid::text, m.subject),
       format('%%s rows applied and %%s refused of %%s', l.applied, l.refused, m.payload -> 'extract' ->> 'rows')
  FROM integration_load l JOIN integration_message m ON m.id = l.message_id
 WHERE l.finished_at IS NOT NULL AND l.applied + l.refused <> (m.payload -> 'extract' ->> 'rows')::bigint
