-- The next devices of a program event to be measured, and what is known of their places; none is read twice.
WITH chunk AS MATERIALIZED (
    SELECT p.device_id, d.location_id, p.reservation_flag OR o.code IS NOT NULL AS is_called,
           {segment} AS segment,
           l.feeder, d.head_end, d.device_class
      FROM cpm_participation p
      JOIN cpm_device d ON d.id = p.device_id
      JOIN cpm_devicelocation l ON l.id = d.location_id
      LEFT JOIN cpm_outcome o ON o.program_event_id = %(program_event)s AND o.device_id = p.device_id
     WHERE p.program_event_id = %(program_event)s AND p.device_id > %(after)s
     ORDER BY p.device_id
     LIMIT %(most)s),
place AS MATERIALIZED (SELECT DISTINCT location_id FROM chunk),
-- Of several devices behind a meter, one that was called stands for it, the first of them.
stands AS (
    SELECT DISTINCT ON (d.location_id) d.location_id, d.id AS device_id
      FROM place JOIN cpm_device d USING (location_id)
      JOIN cpm_participation p ON p.program_event_id = %(program_event)s AND p.device_id = d.id
      LEFT JOIN cpm_outcome o ON o.program_event_id = %(program_event)s AND o.device_id = d.id
     ORDER BY d.location_id, p.reservation_flag OR o.code IS NOT NULL DESC, d.id),
-- Of stages at the same time, the one that CPM knew first.
elsewhere AS (
    SELECT DISTINCT d.location_id
      FROM place JOIN cpm_device d USING (location_id)
      JOIN cpm_participation p ON p.program_event_id = ANY (%(earlier)s::bigint[]) AND p.device_id = d.id
     WHERE p.reservation_flag),
busy AS (
    SELECT d.location_id, bit_or(past.days) AS days
      FROM place JOIN cpm_device d USING (location_id)
      JOIN cpm_participation p ON p.program_event_id = ANY (%(past)s::bigint[]) AND p.device_id = d.id
      JOIN unnest(%(past)s::bigint[], %(past_days)s::bigint[]) past (id, days) ON past.id = p.program_event_id
     WHERE p.reservation_flag
     GROUP BY d.location_id),
meter AS (
    SELECT m.location_id, max(m.interval_s) AS interval_s
      FROM place JOIN cpm_meter m USING (location_id)
     WHERE m.starts_at < %(ends_at)s AND (m.ends_at IS NULL OR m.ends_at > %(reads_from)s)
     GROUP BY m.location_id)
SELECT chunk.device_id, chunk.location_id, stands.device_id = chunk.device_id, elsewhere.location_id IS NOT NULL,
       coalesce(meter.interval_s, 0), coalesce(busy.days, 0), chunk.is_called, chunk.segment,
       chunk.feeder, chunk.head_end, chunk.device_class
  FROM chunk
  JOIN stands USING (location_id)
  LEFT JOIN elsewhere USING (location_id)
  LEFT JOIN busy USING (location_id)
  LEFT JOIN meter USING (location_id)
 ORDER BY chunk.device_id
