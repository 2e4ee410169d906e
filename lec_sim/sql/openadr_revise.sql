-- Count a revision of a stage's event, and of all that its vens may read: those of one head end or of all. Returns which
-- have read any of the stage.
WITH part AS (
    SELECT v.id, p.client
      FROM lec_sim_announcement a
      JOIN lec_sim_ven v ON v.id = a.ven_id
      JOIN lec_sim_headendprofile p ON p.id = v.profile_id
     WHERE a.stage_id = %(stage)s AND (%(head_end)s::text IS NULL OR p.head_end = %(head_end)s)
     ORDER BY v.id FOR NO KEY UPDATE OF a, v
), revised AS (
    UPDATE lec_sim_announcement a SET revision = a.revision + 1, modified_at = %(now)s
      FROM part WHERE a.stage_id = %(stage)s AND a.ven_id = part.id
    RETURNING part.client, a.first_read_at IS NOT NULL OR a.grants_read_at IS NOT NULL AS has_read
), seen AS (
    UPDATE lec_sim_ven v SET revision = v.revision + 1, modified_at = %(now)s FROM part WHERE v.id = part.id
)
SELECT has_read, pg_notify('openadr_changed', client) FROM revised
