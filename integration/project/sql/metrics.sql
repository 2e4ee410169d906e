-- All figures of /metrics as (name, label's value, number). Of tables that grow forever it reads only the newest rows.
WITH newest AS (
    SELECT created_at, delivered_at, discarded_at FROM integration_delivery ORDER BY id DESC LIMIT 10000),
started AS (
    SELECT greatest(extract(epoch FROM started_at - starts_at), 0) AS late
      FROM (SELECT started_at, starts_at FROM derms_stage ORDER BY id DESC LIMIT 1000) stage
     WHERE started_at > clock_timestamp() - interval '1 hour')
SELECT 'gridcall_events', state::text, count(*)::float8 FROM derms_event GROUP BY state
 UNION ALL
SELECT 'gridcall_messages', 'open', count(*) FROM integration_delivery
 WHERE delivered_at IS NULL AND dead_at IS NULL AND discarded_at IS NULL
 UNION ALL
SELECT 'gridcall_messages', 'dead', count(*) FROM integration_delivery WHERE dead_at IS NOT NULL AND discarded_at IS NULL
 UNION ALL
SELECT 'gridcall_messages', 'delivered', count(*) FROM newest WHERE delivered_at > clock_timestamp() - interval '5 min'
 UNION ALL
SELECT 'gridcall_messages', 'discarded', count(*) FROM newest WHERE discarded_at > clock_timestamp() - interval '5 min'
 UNION ALL
SELECT 'gridcall_oldest_undelivered_seconds', '', coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)
  FROM integration_delivery WHERE delivered_at IS NULL AND dead_at IS NULL AND discarded_at IS NULL
 UNION ALL
SELECT 'gridcall_dead_letters', '',
       (SELECT count(*) FROM integration_delivery WHERE dead_at IS NOT NULL AND discarded_at IS NULL)
       + (SELECT count(*) FROM integration_duework WHERE dead_at IS NOT NULL)
 UNION ALL
SELECT 'gridcall_delivery_seconds', quantile::text,
       percentile_cont(quantile) WITHIN GROUP (ORDER BY extract(epoch FROM delivered_at - created_at)::float8)
  FROM newest, unnest(ARRAY[0.5, 0.95, 0.99]::float8[]) quantile
 WHERE delivered_at > clock_timestamp() - interval '5 min' GROUP BY quantile
 UNION ALL
SELECT 'gridcall_stage_start_lateness_seconds', quantile::text,
       percentile_cont(quantile) WITHIN GROUP (ORDER BY late::float8)
  FROM started, unnest(ARRAY[0.5, 0.99, 1]::float8[]) quantile GROUP BY quantile
 UNION ALL
SELECT 'gridcall_forecast_age_seconds', zone.code, extract(epoch FROM clock_timestamp() - max(forecast.loaded_at))
  FROM derms_loadforecast forecast JOIN derms_controlzone zone ON zone.id = forecast.zone_id
 WHERE forecast.loaded_at IS NOT NULL GROUP BY zone.code
 UNION ALL
SELECT 'gridcall_open_alerts', (ARRAY['high', 'medium', 'low'])[priority], count(*)
  FROM integration_alert WHERE closed_at IS NULL GROUP BY priority
 UNION ALL
SELECT 'gridcall_unsealed_history_rows', '', count(*) FROM integration_seal WHERE block_id IS NULL
 UNION ALL
SELECT 'gridcall_history_head_block', '', coalesce(max(number), 0) FROM integration_historyblock
 UNION ALL
SELECT 'gridcall_history_head_digest', '', coalesce((
           SELECT ('x' || encode(substr(digest, 1, 6), 'hex'))::bit(48)::bigint
             FROM integration_historyblock ORDER BY number DESC LIMIT 1), 0)
