-- Events approved by their author, or by the person who last edited or submitted them before.
SELECT e.number, 'approved by ' || u.username || ', who wrote, edited or submitted it'
  FROM derms_event e JOIN config_user u ON u.id = e.approver_id
 WHERE e.approver_id IN (e.author_id, e.last_editor_id, e.submitter_id)
 UNION
SELECT e.number, 'approved by ' || t.by || ', who wrote, edited or submitted it'
  FROM derms_transition t
  JOIN derms_event e ON e.id = t.event_id
  LEFT JOIN LATERAL (SELECT p.by FROM derms_transition p
                      WHERE p.event_id = t.event_id AND p.stage_id IS NULL AND p.revision < t.revision
                        AND p.to_state = 'New' AND p.from_state IN ('', 'New', 'Denied')
                      ORDER BY p.revision DESC LIMIT 1) edited ON true
  LEFT JOIN LATERAL (SELECT p.by FROM derms_transition p
                      WHERE p.event_id = t.event_id AND p.stage_id IS NULL AND p.revision < t.revision
                        AND p.to_state = 'Submitted' AND p.from_state <> 'Submitted'
                      ORDER BY p.revision DESC LIMIT 1) submitted ON true
  JOIN derms_transition made ON made.event_id = t.event_id AND made.stage_id IS NULL AND made.revision = 1
 WHERE t.stage_id IS NULL AND t.from_state = 'Submitted' AND t.to_state = 'Approved'
   AND t.by IN (made.by, edited.by, submitted.by)
