-- Take the notification that has been due longest: count the attempt, and set when the next one may be made.
UPDATE cpm_notification
   SET attempts = attempts + 1, due_at = %(now)s::timestamptz + %(first_pause)s::interval * power(2, least(attempts, 10))
 WHERE id = (SELECT id FROM cpm_notification
              WHERE done_at IS NULL AND due_at <= %(now)s ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
