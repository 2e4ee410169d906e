-- Gives the candidates of a device that was never called what is counted of the device it replaces.
UPDATE derms_candidate c
   SET last_called_on = former.last_called_on, season = former.season, season_events = former.season_events,
       season_quarters = former.season_quarters
  FROM (SELECT zone_id, last_called_on, season, season_events, season_quarters
          FROM derms_candidate WHERE device_id = %(former)s LIMIT 1) former
 WHERE c.device_id = %(device)s AND c.last_called_on = 'epoch'
