-- The rows of one staged part that can't be loaded: the device or the outcome code is unknown, or a value is missing.
SELECT coalesce(raw.head_end, ''), coalesce(raw.nic_id, ''),
       'refused: ' || CASE WHEN raw.reduction_w IS NULL THEN 'the reduction is missing'
                           WHEN raw.code IN %(codes)s THEN 'this device is not known'
                           ELSE 'there is no outcome “' || coalesce(raw.code, '') || '”' END
  FROM {staged} raw
 WHERE raw.reduction_w IS NULL OR raw.code IS NULL OR raw.code NOT IN %(codes)s
    OR NOT EXISTS (SELECT FROM derms_headend h JOIN derms_device d ON d.head_end_id = h.id
                    WHERE h.code = raw.head_end AND d.nic_id = raw.nic_id)
