-- Draw what each reserved device of a stage does when called, from a digest of its head end's seed, device and stage.
-- In half of the calls the device decides by its own digest instead: a device that answers tends to answer again.
-- A digest is read as hexadecimal digits, because before PostgreSQL 18 bytes can't be cast to a number.
-- OFFSET '0' prevents PostgreSQL from computing a drawn number again in each expression that uses it. Without quotes it is
-- an integer that is cast, which keeps the query from running on several processors.
SELECT %(stage)s::bigint AS stage_id, head_end, nic_id, %(called_at)s::timestamptz AS called_at,
       CASE WHEN silent THEN 'silent' WHEN rejected THEN 'rejected' ELSE 'takes part' END AS answer,
       CASE WHEN NOT silent THEN %(called_at)s + -ln(1 - latency) * answer_seconds * interval '1 s' END AS answered_at,
       CASE WHEN takes_part AND held < %(window)s THEN %(called_at)s + held * interval '1 s' END AS overridden_at,
       CASE WHEN takes_part THEN floor(nominal_w * (0.85 + 0.3 * strength)) ELSE 0 END::integer AS power_w, nominal_w
  FROM (SELECT *, NOT silent AND NOT rejected AS takes_part,
               CASE WHEN overrides_per_hour > 0 THEN -ln(1 - override) / overrides_per_hour * 3600
                    ELSE %(window)s END AS held
          FROM (SELECT *, who < offline_share AS silent,
                       who >= offline_share AND who < offline_share + reject_share AS rejected
                  FROM (SELECT *,
                               (CASE WHEN second_half & 1 = 1 THEN trait ELSE first_half >> 32 END & 4294967295)
                                   / 4294967296.0::float AS who,
                               (first_half & 4294967295) / 4294967296.0::float AS latency,
                               ((second_half >> 32) & 4294967295) / 4294967296.0::float AS override,
                               (second_half & 4294967295) / 4294967296.0::float AS strength
                          FROM (SELECT *, ('x' || left(digest, 16))::bit(64)::bigint AS first_half,
                                       ('x' || substring(digest, 17, 16))::bit(64)::bigint AS second_half,
                                       ('x' || left(trait_digest, 16))::bit(64)::bigint >> 32 AS trait
                                  FROM (SELECT *, encode(sha256(convert_to(own, 'UTF8')), 'hex') AS trait_digest,
                                               encode(sha256(convert_to(own || '|' || %(stage_uid)s, 'UTF8')), 'hex')
                                                   AS digest
                                          FROM (SELECT r.head_end, r.nic_id,
                                                       coalesce(r.nominal_w, r.expected_w) AS nominal_w,
                                                       p.answer_seconds, p.offline_share, p.reject_share,
                                                       p.overrides_per_hour,
                                                       p.seed || '|' || r.head_end || '/' || r.nic_id AS own
                                          FROM lec_reservation r
                                          JOIN (SELECT head_end, seed, overrides_per_hour,
                                                       answer_seconds * CASE fault WHEN 'slow' THEN 20 ELSE 1 END
                                                           AS answer_seconds,
                                                       CASE fault WHEN 'offline' THEN 1 WHEN 'rejects' THEN 0
                                                            ELSE offline_share END AS offline_share,
                                                       CASE fault WHEN 'offline' THEN 0 WHEN 'rejects' THEN 1
                                                            ELSE reject_share END AS reject_share
                                                  FROM lec_sim_headendprofile
                                                 WHERE driver = 'simulated') p ON p.head_end = r.head_end
                                         WHERE r.stage_id = %(stage)s
                                           AND NOT EXISTS (
                                               SELECT FROM lec_sim_removal m
                                                WHERE m.stage_uid = %(stage_uid)s::uuid AND m.head_end = r.head_end
                                                  AND m.nic_id = r.nic_id AND m.has_left)
                                        OFFSET '0') named
                                        OFFSET '0') digested
                                OFFSET '0') halved) drawn
                OFFSET '0') split
        OFFSET '0') decided
