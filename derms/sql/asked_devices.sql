-- Counts the devices chosen for an event's stages, each once, with the events of the season they were in: mean and most.
SELECT count(*), coalesce(avg(events), 0)::float8, coalesce(max(events), 0)
  FROM (SELECT k.device_id, max(CASE WHEN c.season = %(season)s THEN c.season_events ELSE 0 END) AS events
          FROM {kept} k JOIN derms_candidate c ON c.device_id = k.device_id AND c.zone_id = %(zone)s
         GROUP BY k.device_id) device
