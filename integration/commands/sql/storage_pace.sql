-- How many rows of each kind were written since a moment: (kind, rows since, rows, oldest).
WITH written (kind, at, rows) AS (
    SELECT 'participations', reservations_loaded_at, participations FROM cpm_programevent
    UNION ALL SELECT 'reservations and calls', reservations_loaded_at, reserved FROM lec_sim_lecstage
    UNION ALL SELECT 'outcomes', outcomes_loaded_at, participations FROM cpm_programevent
    UNION ALL SELECT 'reports of head ends', heard_at, 1 FROM lec_telemetry
    UNION ALL SELECT 'reports of head ends', heard_at, 1 FROM lec_word
    UNION ALL SELECT 'reports as clients sent them', created_at, 1 FROM lec_sim_venreport
    UNION ALL SELECT 'meter days', loaded_at, 1 FROM cpm_meterday
    UNION ALL SELECT 'measured results', asked_at, participations FROM cpm_measurement
    UNION ALL SELECT 'settlement lines', made_at, lines FROM cpm_settlementrun
    UNION ALL SELECT 'load and forecasts', starts_at, 1 FROM derms_meteredload
    UNION ALL SELECT 'load and forecasts', at, 1 FROM derms_deliveredload
    UNION ALL SELECT 'load and forecasts', issued_at, 1 FROM derms_issuedforecast
    UNION ALL SELECT 'messages', sent_at, 1 FROM integration_message
    UNION ALL SELECT 'notifications', made_at, 1 FROM cpm_notification
    UNION ALL SELECT 'webhook notices', made_at, 1 FROM integration_webhooknotice
    UNION ALL SELECT 'answers of the API', answered_at, 1 FROM integration_requestanswer
    UNION ALL SELECT 'imports', received_at, rows_read FROM importing_importrun
     WHERE received_at > %(imports_since)s
    UNION ALL SELECT 'history', sealed_at, rows FROM integration_historyblock
    UNION ALL SELECT 'customers and devices', registered_at, 1 FROM derms_device
)
SELECT kind, coalesce(sum(rows) FILTER (WHERE at > %(since)s), 0)::bigint, sum(rows)::bigint, min(at)
  FROM written WHERE at <= %(now)s AND rows > 0
 GROUP BY kind
