-- What the devices a stage called gave, by head end system: their number, the weight of their calls, and the sum given.
SELECT d.head_end_id, count(*), sum(weight), sum(weight * response)
  FROM ({calls}) called
  JOIN derms_device d ON d.id = called.device_id
 GROUP BY d.head_end_id
