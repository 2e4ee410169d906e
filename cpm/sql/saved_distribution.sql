-- How many meters of called devices saved how much, mean W: bars of equal width, the outermost with all that is beyond.
WITH saved AS (
    SELECT r.mean_w
      FROM {results} r
      JOIN cpm_participation p ON p.program_event_id = %(program_event)s AND p.device_id = r.device_id
      LEFT JOIN cpm_outcome o ON o.program_event_id = %(program_event)s AND o.device_id = r.device_id
     WHERE r.mean_w IS NOT NULL
       AND (p.reservation_flag OR o.code IS NOT NULL)),
edge AS (
    -- Round widths, so that a bar's edges can be read.
    SELECT greatest(100, ceil((percentile_cont(0.98) WITHIN GROUP (ORDER BY mean_w)
                               - percentile_cont(0.02) WITHIN GROUP (ORDER BY mean_w)) / 1800) * 100)::integer AS width,
           floor(percentile_cont(0.02) WITHIN GROUP (ORDER BY mean_w))::integer AS low
      FROM saved HAVING count(*) > 0)
SELECT bar * width AS from_w, (bar + 1) * width AS until_w, count(*)::integer
  FROM (SELECT width,
               greatest(floor(low::numeric / width),
                        least(floor(low::numeric / width) + 19, floor(mean_w::numeric / width)))::integer AS bar
          FROM saved CROSS JOIN edge) placed
 GROUP BY bar, width
 ORDER BY bar
