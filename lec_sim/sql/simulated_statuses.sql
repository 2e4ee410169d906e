-- Which simulated devices can be reached now: a device is offline as often as it is silent when it is called, and drawn from
-- the same trait (simulated_calls.sql), so one that hardly ever answers is mostly offline. A head end that is offline says
-- nothing about its devices.
SELECT head_end, nic_id,
       CASE WHEN (CASE WHEN fresh & 1 = 1 THEN trait ELSE fresh >> 32 END & 4294967295) / 4294967296.0::float
                     < offline_share THEN 'offline' ELSE 'online' END AS status
  FROM (SELECT head_end, nic_id, offline_share,
               ('x' || left(encode(sha256(convert_to(own, 'UTF8')), 'hex'), 16))::bit(64)::bigint >> 32 AS trait,
               ('x' || left(encode(sha256(convert_to(own || '|' || %(check_uid)s, 'UTF8')), 'hex'), 16))::bit(64)::bigint
                   AS fresh
          FROM (SELECT asked.head_end, asked.nic_id, p.offline_share,
                       p.seed || '|' || asked.head_end || '/' || asked.nic_id AS own
                  FROM asked JOIN lec_sim_headendprofile p ON p.head_end = asked.head_end
                 WHERE p.driver = 'simulated' AND p.fault <> 'offline' OFFSET '0') named
        OFFSET '0') drawn
