-- The devices of a part of a program event, and what is known of their places: looked up place by place in indexes, as
-- PostgreSQL knows too little of partitions to see that a part is small.
SELECT p.device_id, d.location_id,
       -- Of several devices behind a meter, one that was called stands for it, the first of them.
       p.device_id = (SELECT other.id
                        FROM cpm_device other
                        JOIN cpm_participation op
                          ON op.program_event_id = %(program_event)s AND op.device_id = other.id
                        LEFT JOIN cpm_outcome oo
                          ON oo.program_event_id = %(program_event)s AND oo.device_id = other.id
                       WHERE other.location_id = d.location_id
                       ORDER BY op.reservation_flag OR oo.code IS NOT NULL DESC, other.id LIMIT 1) AS stands,
       -- Of stages at the same time, the one that CPM knew first.
       (SELECT true
          FROM cpm_device other
          JOIN cpm_participation op
            ON op.program_event_id = ANY (%(earlier)s::bigint[]) AND op.device_id = other.id AND op.reservation_flag
         WHERE other.location_id = d.location_id LIMIT 1) IS NOT NULL AS is_elsewhere,
       coalesce((SELECT max(m.interval_s)
                   FROM cpm_meter m
                  WHERE m.location_id = d.location_id
                    AND m.starts_at < %(ends_at)s AND (m.ends_at IS NULL OR m.ends_at > %(reads_from)s)), 0) AS interval_s,
       coalesce((SELECT bit_or(past.days)
                   FROM unnest(%(past)s::bigint[], %(past_days)s::bigint[]) past (id, days)
                  CROSS JOIN cpm_device other
                   JOIN cpm_participation op
                     ON op.program_event_id = past.id AND op.device_id = other.id AND op.reservation_flag
                  WHERE other.location_id = d.location_id), 0) AS busy,
       p.reservation_flag OR o.code IS NOT NULL AS is_called, {segment} AS segment, l.feeder, d.head_end, d.device_class
  FROM cpm_participation p
  JOIN cpm_device d ON d.id = p.device_id AND d.id BETWEEN %(first)s AND %(last)s
  JOIN cpm_devicelocation l ON l.id = d.location_id
  LEFT JOIN cpm_outcome o
    ON o.program_event_id = %(program_event)s AND o.device_id = p.device_id AND o.device_id BETWEEN %(first)s AND %(last)s
 WHERE p.program_event_id = %(program_event)s AND p.device_id BETWEEN %(first)s AND %(last)s
 ORDER BY p.device_id
