-- Let each OpenADR head end of a stage read it; a head end that never called has no row of its own yet.
WITH part AS (
    SELECT p.id AS profile_id, count(*) AS devices
      FROM lec_reservation r
      JOIN lec_sim_headendprofile p ON p.head_end = r.head_end AND p.driver = %(driver)s
     WHERE r.stage_id = %(stage)s
     GROUP BY p.id
), seen AS (
    INSERT INTO lec_sim_ven AS v (profile_id, created_at, modified_at, revision)
    SELECT profile_id, %(now)s, %(now)s, 1 FROM part ORDER BY profile_id
        ON CONFLICT (profile_id) DO UPDATE SET revision = v.revision + 1, modified_at = %(now)s
    RETURNING id, profile_id
), told AS (
    INSERT INTO lec_sim_announcement (stage_id, ven_id, devices, created_at, modified_at, revision, read_revision)
    SELECT %(stage)s, seen.id, devices, %(now)s, %(now)s, 1, 0 FROM part JOIN seen USING (profile_id)
        ON CONFLICT (stage_id, ven_id) DO NOTHING
)
SELECT pg_notify('openadr_changed', client) FROM seen JOIN lec_sim_headendprofile p ON p.id = profile_id
