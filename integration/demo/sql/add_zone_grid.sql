-- Builds a control zone's substations, their feeders and the feeders' transformers.
WITH substation AS (
    INSERT INTO derms_substation (code, zone_id, version, saved_by)
    SELECT %(code)s || '-S' || n, %(zone)s, 1, '' FROM generate_series(1, %(substations)s) n
    RETURNING id, code),
feeder AS (
    INSERT INTO derms_feeder (code, substation_id, version, saved_by)
    SELECT code || '-F' || n, id, 1, '' FROM substation, generate_series(1, %(feeders)s) n
    RETURNING id, code)
INSERT INTO derms_transformer (code, feeder_id, version, saved_by)
SELECT code || '-T' || lpad(n::text, 3, '0'), id, 1, '' FROM feeder, generate_series(1, %(transformers)s) n
