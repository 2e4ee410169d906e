-- The latest version of each day of meters; days that are stored alike are one row, their bytes one after the other.
SELECT interval_s, scale, is_reverse,
       string_agg(int4send((place - 1)::integer), '') AS places, string_agg(int4send(day - %(first)s::date), '') AS days,
       string_agg(readings, '') AS readings, string_agg(quality, '') AS quality,
       octet_length(readings), octet_length(quality)
  FROM (SELECT DISTINCT ON (d.meter_id, d.day, d.is_reverse) wanted.place, d.*
          FROM unnest(%(meters)s::integer[]) WITH ORDINALITY wanted (meter_id, place)
          JOIN cpm_meterday d ON d.meter_id = wanted.meter_id
         WHERE d.day BETWEEN %(first)s AND %(last)s
           AND (%(as_of)s::timestamptz IS NULL OR d.loaded_at <= %(as_of)s)
         ORDER BY d.meter_id, d.day, d.is_reverse, d.version DESC) latest
 GROUP BY interval_s, scale, is_reverse, octet_length(readings), octet_length(quality)
