-- Find the rows of one staged part whose device did not exist before the stage ended.
SELECT coalesce(s.head_end, ''), coalesce(s.nic_id, ''), 'refused: no such device'
  FROM {staged} s
 WHERE NOT EXISTS (SELECT FROM cpm_device d
                    WHERE d.head_end = s.head_end AND d.nic_id = s.nic_id AND d.installed_at < %(ends_at)s)
