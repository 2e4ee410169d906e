-- What a zone's meters said, one row a moment: the latest word counts.
INSERT INTO derms_meteredload (zone_id, starts_at, length_s, load_kw)
SELECT %(zone)s, said.* FROM unnest(%(starts)s::timestamptz[], %(lengths)s::integer[], %(kw)s::integer[]) said
    ON CONFLICT (zone_id, starts_at) DO UPDATE SET length_s = excluded.length_s, load_kw = excluded.load_kw
