-- Whether a stage's DER groups have any device of its program and zone that is enrolled in a part of its window.
SELECT EXISTS (
    SELECT FROM derms_candidate c
     WHERE c.program_id = %(program)s AND c.zone_id = %(zone)s
       AND c.enrolled_from < %(ends_at)s AND (c.enrolled_until IS NULL OR c.enrolled_until > %(starts_at)s)
       {within_groups})
