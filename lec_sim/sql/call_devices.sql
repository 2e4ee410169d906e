-- Calls every reserved device of a stage and settles what each will do: behaviour.py, over all rows at once.
INSERT INTO {table} (stage_id, head_end, nic_id, called_at, answer, answered_at, overridden_at, reduction_w)
SELECT %(stage)s, head_end, nic_id, %(called_at)s,
       CASE WHEN silent THEN 'silent' WHEN rejected THEN 'rejected' ELSE 'takes part' END,
       CASE WHEN NOT silent THEN %(called_at)s + -ln(1 - latency) * answer_seconds * interval '1 s' END,
       CASE WHEN takes_part AND held < %(window)s THEN %(called_at)s + held * interval '1 s' END,
       CASE WHEN takes_part THEN floor(expected_w * (0.85 + 0.3 * strength) * least(held, %(window)s) / %(window)s) ELSE 0 END
  FROM (SELECT *, NOT silent AND NOT rejected AS takes_part,
               CASE WHEN overrides_per_hour > 0 THEN -ln(1 - override) / overrides_per_hour * 3600
                    ELSE %(window)s END AS held
          FROM (SELECT *, who < offline_share AS silent,
                       who >= offline_share AND who < offline_share + reject_share AS rejected
                  FROM (SELECT r.head_end, r.nic_id, r.expected_w,
                               coalesce(p.answer_seconds, 4.0) AS answer_seconds,
                               coalesce(p.offline_share, 0.03) AS offline_share,
                               coalesce(p.reject_share, 0.01) AS reject_share,
                               coalesce(p.overrides_per_hour, 0.05) AS overrides_per_hour,
                               ('x' || substr(digest, 1, 8))::bit(32)::bigint / 4294967296.0::float AS who,
                               ('x' || substr(digest, 9, 8))::bit(32)::bigint / 4294967296.0::float AS latency,
                               ('x' || substr(digest, 17, 8))::bit(32)::bigint / 4294967296.0::float AS override,
                               ('x' || substr(digest, 25, 8))::bit(32)::bigint / 4294967296.0::float AS strength
                          FROM lec_reservation r
                          LEFT JOIN lec_sim_headendprofile p ON p.head_end = r.head_end
                         CROSS JOIN LATERAL (SELECT md5(coalesce(p.seed, 1) || '|' || r.head_end || '/' || r.nic_id
                                                        || '|' || %(stage_uid)s) AS digest) drawn
                         WHERE r.stage_id = %(stage)s
                           AND NOT EXISTS (SELECT FROM lec_sim_removal m
                                            WHERE m.stage_uid = %(stage_uid)s::uuid AND m.head_end = r.head_end
                                              AND m.nic_id = r.nic_id AND m.answer <> 'too late')) drawn) split) told
