-- Approvals of events by people who wrote, edited or submitted them before, by the event's columns and by its history;
-- and authors, submitters and approvers who are not those of the history.
SELECT e.number, 'approved by ' || u.username || ', who wrote, edited or submitted it'
  FROM derms_event e JOIN config_user u ON u.id IN (e.approver_id, e.balance_authority_approver_id)
 WHERE u.id IN (e.author_id, e.last_editor_id, e.submitter_id)
    OR EXISTS (SELECT FROM derms_writers(e.id, e.revision + 1) w WHERE w.username = u.username)
 UNION
SELECT e.number, 'approved by ' || t.by || ', who wrote, edited or submitted it'
  FROM derms_transition t JOIN derms_event e ON e.id = t.event_id
 WHERE t.stage_id IS NULL AND t.from_state = 'Submitted' AND t.to_state IN ('Submitted', 'Approved')
   AND EXISTS (SELECT FROM derms_writers(t.event_id, t.revision) w WHERE w.username = t.by)
 UNION
SELECT e.number, 'its author is ' || u.username || ', in history ' || t.by
  FROM derms_event e JOIN config_user u ON u.id = e.author_id
  JOIN derms_transition t ON t.event_id = e.id AND t.stage_id IS NULL AND t.revision = 1
 WHERE t.by <> u.username
 UNION
SELECT e.number, 'its submitter is ' || u.username || ', in history ' || t.by
  FROM derms_event e JOIN config_user u ON u.id = e.submitter_id,
       LATERAL (SELECT by FROM derms_transition
                 WHERE event_id = e.id AND stage_id IS NULL AND from_state <> 'Submitted' AND to_state = 'Submitted'
                 ORDER BY revision DESC LIMIT 1) t
 WHERE t.by <> u.username
 UNION
SELECT e.number, 'its approver is ' || u.username || ', who approved nothing of it in history'
  FROM derms_event e JOIN config_user u ON u.id IN (e.approver_id, e.balance_authority_approver_id)
 WHERE NOT EXISTS (SELECT FROM derms_transition t
                    WHERE t.event_id = e.id AND t.stage_id IS NULL AND t.from_state = 'Submitted'
                      AND t.to_state IN ('Submitted', 'Approved') AND t.by = u.username)
