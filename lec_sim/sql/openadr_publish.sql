-- Let each OpenADR head end of a stage read it; a head end that never called has no row of its own yet. Every 500th
-- device of each is numbered, so that a page of its devices is found at once (openadr_mark.sql). One that was published
-- before is revised if its devices are to begin over another time now.
WITH numbered AS (
    SELECT p.id AS profile_id, p.start_spread_min, r.nic_id, row_number() OVER (PARTITION BY p.id ORDER BY r.nic_id) - 1 AS number,
           count(*) OVER (PARTITION BY p.id) AS devices
      FROM lec_reservation r
      JOIN lec_sim_headendprofile p ON p.head_end = r.head_end AND p.driver = %(driver)s
     WHERE r.stage_id = %(stage)s
), mark AS MATERIALIZED (
    SELECT * FROM numbered WHERE number %% 500 = 0
), part AS (
    SELECT profile_id, start_spread_min, devices FROM mark WHERE number = 0
), seen AS (
    INSERT INTO lec_sim_ven AS v (profile_id, created_at, modified_at, revision)
    SELECT profile_id, %(now)s, %(now)s, 1 FROM part ORDER BY profile_id
        ON CONFLICT (profile_id) DO UPDATE SET revision = v.revision + 1, modified_at = %(now)s
    RETURNING id, profile_id
), told AS (
    INSERT INTO lec_sim_announcement AS a
           (stage_id, ven_id, devices, created_at, modified_at, revision, read_revision, start_spread_min)
    SELECT %(stage)s, seen.id, devices, %(now)s, %(now)s, 1, 0, start_spread_min FROM part JOIN seen USING (profile_id)
        ON CONFLICT (stage_id, ven_id) DO UPDATE
       SET start_spread_min = excluded.start_spread_min, revision = a.revision + 1, modified_at = %(now)s
     WHERE a.start_spread_min <> excluded.start_spread_min
    RETURNING id, ven_id
), kept AS (
    INSERT INTO lec_sim_grantmark (announcement_id, number, nic_id)
    SELECT told.id, mark.number, mark.nic_id
      FROM told JOIN seen ON seen.id = told.ven_id JOIN mark USING (profile_id)
        ON CONFLICT DO NOTHING
)
SELECT pg_notify('openadr_changed', client) FROM seen JOIN lec_sim_headendprofile p ON p.id = profile_id
