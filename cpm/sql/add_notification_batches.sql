-- Create the batches in which the e-mails of a program event are sent.
INSERT INTO cpm_notificationbatch (program_event_id, number, attempts, due_at)
SELECT DISTINCT program_event_id, batch_number, 0, %(now)s::timestamptz
  FROM cpm_notification WHERE program_event_id = %(program_event)s
