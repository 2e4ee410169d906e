-- Count a revision of a stage's event, and of all that its vens may read: those of one head end or of all.
WITH revised AS (
    UPDATE lec_sim_announcement a SET revision = a.revision + 1, modified_at = %(now)s
      FROM lec_sim_ven v JOIN lec_sim_headendprofile p ON p.id = v.profile_id
     WHERE a.stage_id = %(stage)s AND v.id = a.ven_id AND (%(head_end)s::text IS NULL OR p.head_end = %(head_end)s)
    RETURNING v.id, p.client
), seen AS (
    UPDATE lec_sim_ven v SET revision = v.revision + 1, modified_at = %(now)s FROM revised WHERE v.id = revised.id
)
SELECT pg_notify('openadr_changed', client) FROM revised
