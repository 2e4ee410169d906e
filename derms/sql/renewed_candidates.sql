-- Every candidate of a zone with faded rates, and with one stage's calls added, if any; columns in the table's order. An
-- event counts once: not again for a device that one of its counted stages has called. Silence in an outage of the head end
-- system teaches nothing about a device.
SELECT device_id, c.program_id, zone_id, enrolled_from, rated_w, device_class, last_called_on, season, season_events,
       derms_rate_pm(coalesce(prior.n, 0), coalesce(prior.total, 0), rate_n, rate_sum, silent_run) AS rate_pm, silent_run,
       season_quarters, critical_care, c.head_end_id, enrolled_until, enrollment_id, feeder_id, rate_n, rate_sum
  FROM (SELECT c.device_id, program_id, zone_id, enrolled_from, rated_w, device_class, critical_care, head_end_id,
               enrolled_until, enrollment_id, feeder_id,
               CASE WHEN called.device_id IS NULL THEN last_called_on
                    ELSE greatest(last_called_on, %(day)s) END AS last_called_on,
               CASE WHEN called.device_id IS NULL THEN season
                    ELSE greatest(season, %(season)s)::smallint END AS season,
               (CASE WHEN called.device_id IS NULL OR season > %(season)s THEN season_events
                     WHEN season = %(season)s THEN season_events + called.new_event
                     ELSE called.new_event END)::smallint AS season_events,
               (CASE WHEN called.device_id IS NULL OR season > %(season)s THEN season_quarters
                     WHEN season = %(season)s THEN season_quarters + called.quarters
                     ELSE called.quarters END)::smallint AS season_quarters,
               (rate_n * %(fading)s::float8 + CASE WHEN called.is_silent AND head_end_id = ANY(%(outages)s::bigint[]) THEN 0
                                                   ELSE coalesce(called.weight, 0) END)::real AS rate_n,
               (rate_sum * %(fading)s::float8 + coalesce(called.weight * called.response, 0))::real AS rate_sum,
               (CASE WHEN called.device_id IS NULL THEN silent_run
                     WHEN NOT called.is_silent THEN 0
                     WHEN head_end_id = ANY(%(outages)s::bigint[]) THEN silent_run
                     ELSE silent_run + 1 END)::smallint AS silent_run
          FROM derms_candidate c
          LEFT JOIN (SELECT *, round(weight * %(window_s)s / 900)::smallint AS quarters,
                            1 - ({counted_before})::integer AS new_event
                       FROM ({calls}) every) called ON called.device_id = c.device_id
         WHERE c.zone_id = %(zone)s) c
  LEFT JOIN derms_responseprior prior ON prior.program_id = c.program_id AND prior.head_end_id = c.head_end_id
