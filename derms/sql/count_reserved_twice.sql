-- Counts the devices in a stage's new reservations that an overlapping stage already holds.
SELECT count(*)
  FROM {table} mine
  JOIN derms_reservation other USING (device_id)
 WHERE other.stage_id = ANY(%(overlapping_stages)s::bigint[])
   -- A device that has left the other stage is free.
   AND NOT EXISTS (SELECT FROM derms_departure gone
                    WHERE gone.stage_id = other.stage_id AND gone.device_id = other.device_id)
