-- The newest report of each head end about each of these stages, and the moment it is of.
SELECT DISTINCT ON (d.stage_id, load->>'head_end') load->>'head_end', d.at, load::text
  FROM derms_deliveredload d CROSS JOIN LATERAL jsonb_array_elements(d.head_ends) AS load
 WHERE d.stage_id = ANY(%(stages)s::bigint[])
 ORDER BY d.stage_id, load->>'head_end', d.at DESC
