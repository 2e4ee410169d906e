-- Note each periodic job whose turn has come as due work. The first scheduler to note a turn locks its row; the others
-- then see that it is noted. A job that is still running, or has failed for good, is not noted again.
WITH turn AS (
    SELECT *
      FROM unnest(%(names)s::text[], %(queues)s::text[], %(due)s::timestamptz[]) AS t(name, queue, due_at)),
come AS (
    INSERT INTO integration_periodicturn AS known (name, due_at)
    SELECT name, due_at FROM turn
     WHERE NOT EXISTS (SELECT FROM integration_periodicturn noted
                        WHERE noted.name = turn.name AND noted.due_at >= turn.due_at)
     ORDER BY name
        ON CONFLICT (name) DO UPDATE SET due_at = EXCLUDED.due_at WHERE known.due_at < EXCLUDED.due_at
 RETURNING name)
INSERT INTO integration_duework (name, queue, attempt, given_back, error)
SELECT name, queue, 0, 0, '' FROM turn JOIN come USING (name)
    ON CONFLICT (name, object_id) DO NOTHING
