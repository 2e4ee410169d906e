-- End the silence of devices that were online on the day of their last call or later. Their rates stay as their calls taught.
UPDATE derms_candidate c
   SET silent_run = 0,
       rate_pm = derms_rate_pm(
           coalesce((SELECT n FROM derms_responseprior p
                      WHERE p.program_id = c.program_id AND p.head_end_id = c.head_end_id), 0),
           coalesce((SELECT total FROM derms_responseprior p
                      WHERE p.program_id = c.program_id AND p.head_end_id = c.head_end_id), 0),
           c.rate_n, c.rate_sum, 0)
  FROM ({answers}) online JOIN derms_controlzone z ON z.id = online.zone_id
 WHERE online.status = 'online' AND c.zone_id = online.zone_id AND c.device_id = online.id AND c.silent_run > 0
   AND c.last_called_on <= (%(at)s::timestamptz AT TIME ZONE z.time_zone)::date
