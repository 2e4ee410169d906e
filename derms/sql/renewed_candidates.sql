-- Every candidate of a zone, with one closed stage's outcomes added to its last ten calls; columns in the table's order.
SELECT device_id, program_id, zone_id, enrolled_from, last_called_at, derms_score(recent, calls) AS score, rated_w,
       device_class, critical_care, enrolled_until, enrollment_id, head_end_id, feeder_id, recent, calls
  FROM (SELECT c.device_id, program_id, zone_id, enrolled_from,
               CASE WHEN called.device_id IS NULL THEN last_called_at
                    ELSE greatest(last_called_at, %(called_at)s) END AS last_called_at,
               rated_w, device_class, critical_care, enrolled_until, enrollment_id, head_end_id, feeder_id,
               CASE WHEN called.device_id IS NULL THEN recent
                    ELSE ((recent << 1) | called.success) & 1023 END AS recent,
               (CASE WHEN called.device_id IS NULL THEN calls ELSE least(calls + 1, 10) END)::smallint AS calls
          FROM derms_candidate c
          LEFT JOIN (SELECT device_id, (code IN %(successes)s)::integer AS success
                       FROM derms_outcome
                      WHERE stage_id = %(stage)s AND code IN %(calls)s) called ON called.device_id = c.device_id
         WHERE c.zone_id = %(zone)s) renewed
