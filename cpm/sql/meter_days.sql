-- Days of meters, all their versions; those that are stored alike are one row, their bytes one after the other. A key is
-- the place of the meter, the register, the day and the version: keys of a day are in the order of its versions.
SELECT interval_s, scale,
       string_agg(int8send(((place - 1) << 33) + (is_reverse::integer::bigint << 32)
                           + ((day - %(first)s::date)::bigint << 16) + version), '') AS keys,
       string_agg(readings, '') AS readings, string_agg(quality, '') AS quality
  FROM unnest(%(meters)s::integer[]) WITH ORDINALITY wanted (meter_id, place)
  JOIN cpm_meterday USING (meter_id)
 WHERE day BETWEEN %(first)s AND %(last)s
   AND (%(as_of)s::timestamptz IS NULL OR loaded_at <= %(as_of)s)
 GROUP BY interval_s, scale, octet_length(readings), octet_length(quality)
