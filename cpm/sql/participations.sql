-- Find event participations of these program events in the order of their list.
SELECT p.program_event_id, p.device_id, p.reservation_flag, p.expected_w, p.preemptive_opt_out,
       o.code, o.started_at, o.ended_at, o.reduction_w, coalesce(o.error, ''), {status}
{matching}
   {beyond}
 ORDER BY {order}
 LIMIT %(limit)s
