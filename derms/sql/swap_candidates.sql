-- Rebuilds every candidate with one closed stage's outcomes in its last ten calls into a new table, and swaps it in.
LOCK TABLE derms_candidate IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE derms_candidate_next AS
SELECT renewed.*, derms_score(recent, calls) AS score
  FROM (SELECT c.device_id, enrollment_id, program_id, zone_id, head_end_id, feeder_id, enrolled_from, enrolled_until,
               CASE WHEN called.device_id IS NULL THEN last_called_at
                    ELSE greatest(last_called_at, %(called_at)s) END AS last_called_at,
               rated_w,
               CASE WHEN called.device_id IS NULL THEN recent
                    ELSE ((recent << 1) | called.success) & 1023 END AS recent,
               (CASE WHEN called.device_id IS NULL THEN calls ELSE least(calls + 1, 10) END)::smallint AS calls,
               critical_care, device_class
          FROM derms_candidate c
          LEFT JOIN (SELECT device_id, (code = 'D1SP')::integer AS success
                       FROM derms_outcome
                      WHERE stage_id = %(stage)s AND code <> 'D1CN') called ON called.device_id = c.device_id) renewed;
ALTER TABLE derms_candidate_next
    ADD PRIMARY KEY (device_id, enrollment_id),
    ALTER program_id SET NOT NULL, ALTER zone_id SET NOT NULL, ALTER head_end_id SET NOT NULL,
    ALTER feeder_id SET NOT NULL, ALTER enrolled_from SET NOT NULL, ALTER last_called_at SET NOT NULL,
    ALTER rated_w SET NOT NULL, ALTER recent SET NOT NULL, ALTER calls SET NOT NULL, ALTER critical_care SET NOT NULL,
    ALTER device_class SET NOT NULL, ALTER score SET NOT NULL,
    -- NOT VALID spares a look at each row, just worked out by the same function, and it holds for whatever comes after.
    ADD CONSTRAINT derms_candidate_score CHECK (score = derms_score(recent, calls)) NOT VALID;
DROP TABLE derms_candidate;
ALTER TABLE derms_candidate_next RENAME TO derms_candidate;
ALTER INDEX derms_candidate_next_pkey RENAME TO derms_candidate_pkey
