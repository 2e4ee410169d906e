-- Part of other statements: the devices a stage called, and what each gave: the share of its nominal power in the time it
-- should have run, 0 to 1.5. That time is the stage's, or a released device's own; `weight` is its part of the window.
SELECT device_id, is_silent, least(should_s / %(window_s)s, 1) AS weight,
       coalesce(response_pm / 1000.0::float8,
                least(1.5, greatest(0, reduction_w * %(window_s)s::float8 / nullif(nominal_w * should_s, 0))), 0) AS response
  FROM (SELECT o.device_id, o.code IN %(silent)s AS is_silent, o.response_pm, o.reduction_w, r.nominal_w,
               CASE WHEN o.code IN %(calls)s THEN %(ran_s)s::float8
                    ELSE extract(epoch FROM o.ended_at - o.started_at)::float8 END AS should_s
          FROM derms_outcome o
          JOIN derms_reservation r ON r.stage_id = %(stage)s AND r.device_id = o.device_id
         WHERE o.stage_id = %(stage)s AND (o.code IN %(calls)s OR o.ended_at > o.started_at)) called
