-- The days that any open program's rules name as holidays: CPM takes them over from the public holidays of its country.
SELECT DISTINCT day::date
  FROM derms_program p
  JOIN LATERAL (SELECT p.rules_data AS rules UNION ALL
                SELECT dated->'rules' FROM jsonb_array_elements(p.dated_rules_data) dated) every ON true
  JOIN LATERAL jsonb_array_elements_text(coalesce(every.rules->'holidays', '[]')) day ON true
 WHERE p.active
