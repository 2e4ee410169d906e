-- The device classes a stage may choose from, if its control reduces the power of none of them; else no row.
SELECT DISTINCT c.device_class::text
  FROM derms_candidate c
 WHERE c.program_id = %(program)s AND c.zone_id = %(zone)s
   AND c.enrolled_from < %(ends_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(starts_at)s)
   {within_groups}
   -- Searched first and once: the first device found ends the statement.
   AND NOT EXISTS (
       SELECT FROM derms_candidate c
        WHERE c.program_id = %(program)s AND c.zone_id = %(zone)s
          AND c.enrolled_from < %(ends_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(starts_at)s)
          AND c.device_class = ANY(%(reduced)s::derms_device_class[])
          {within_groups})
