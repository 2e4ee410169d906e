-- Announcements that changed since the callbacks of their ven's client were last written to, where there are any.
SELECT a.id
  FROM lec_sim_announcement a
  JOIN lec_sim_lecstage s ON s.id = a.stage_id
  JOIN lec_sim_ven v ON v.id = a.ven_id
  JOIN lec_sim_headendprofile p ON p.id = v.profile_id
  LEFT JOIN lec_sim_told t ON t.announcement_id = a.id
 WHERE a.revision > coalesce(t.revision, 0) AND s.ends_at > %(now)s - interval '1 day'
   AND EXISTS (SELECT FROM lec_sim_subscription u WHERE u.client = p.client AND u.created_at <= a.modified_at)
 ORDER BY a.id
