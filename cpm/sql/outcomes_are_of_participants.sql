-- Whether the devices that have an outcome in a program event are exactly those that have a participation. Sets of as many
-- ids whose hashes have the same sums, twice over, are the same: by chance they would be once in 10^30 times.
SELECT (SELECT (count(*), sum(hashint8extended(device_id, 1)), sum(hashint8extended(device_id, 2)))
          FROM cpm_outcome WHERE program_event_id = %(program_event)s)
     = (SELECT (count(*), sum(hashint8extended(device_id, 1)), sum(hashint8extended(device_id, 2)))
          FROM cpm_participation WHERE program_event_id = %(program_event)s)
