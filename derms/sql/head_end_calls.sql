-- What the devices a stage called gave, by head end system: their number and that of the silent ones, the weight of their
-- calls and that of the silent ones, and the sum given.
SELECT d.head_end_id, count(*), count(*) FILTER (WHERE is_silent), sum(weight),
       coalesce(sum(weight) FILTER (WHERE is_silent), 0), sum(weight * response)
  FROM ({calls}) called
  JOIN derms_device d ON d.id = called.device_id
 GROUP BY d.head_end_id
