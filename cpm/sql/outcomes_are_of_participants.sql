-- Check that exactly the participating devices of a program event have an outcome. Two sets of equally many ids are the
-- same if the sums of two different hashes agree: the chance that they are not is about 1 in 10^30.
SELECT (SELECT (count(*), sum(hashint8extended(device_id, 1)), sum(hashint8extended(device_id, 2)))
          FROM cpm_outcome WHERE program_event_id = %(program_event)s)
     = (SELECT (count(*), sum(hashint8extended(device_id, 1)), sum(hashint8extended(device_id, 2)))
          FROM cpm_participation WHERE program_event_id = %(program_event)s)
