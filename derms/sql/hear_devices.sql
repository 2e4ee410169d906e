-- Keep the latest answer about devices, in one order of rows: another message may name the same devices.
INSERT INTO derms_hearddevice AS known (device_id, at, answer, answered_at)
SELECT DISTINCT ON (id) id, CASE WHEN status = 'online' THEN %(at)s::timestamptz END, status, %(at)s::timestamptz
  FROM ({answers}) answers ORDER BY id, status
ON CONFLICT (device_id) DO UPDATE
   SET at = greatest(known.at, excluded.at),
       answer = CASE WHEN known.answered_at > excluded.answered_at THEN known.answer ELSE excluded.answer END,
       answered_at = greatest(known.answered_at, excluded.answered_at)
