-- Program events that ran and of whose days readings came since they were last measured. While more keep coming, they
-- are waited for, but not for ever.
SELECT e.id
  FROM cpm_programevent e
  LEFT JOIN LATERAL (SELECT max(m.readings_as_of) AS as_of, bool_or(m.finished_at IS NULL) AS is_under_way
                       FROM cpm_measurement m WHERE m.program_event_id = e.id) last ON true
 WHERE e.started_at IS NOT NULL AND e.outcomes_loaded_at IS NOT NULL AND e.state = ANY (%(final)s)
   AND e.ends_at > %(since)s AND NOT coalesce(last.is_under_way, false)
   AND EXISTS (SELECT FROM cpm_readingsload r
                WHERE r.loaded_at > coalesce(last.as_of, '-infinity')
                  AND r.first_day <= (e.ends_at AT TIME ZONE 'UTC' + %(after)s)::date
                  AND r.last_day >= CASE WHEN last.as_of IS NULL THEN (e.ends_at AT TIME ZONE 'UTC')::date
                                         ELSE (e.starts_at AT TIME ZONE 'UTC')::date - %(lookback)s END
               HAVING max(r.loaded_at) < %(rested_since)s OR min(r.loaded_at) < %(waited_since)s)
 ORDER BY e.ends_at DESC
