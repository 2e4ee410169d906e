-- The newest changes of all history tables before a moment and key: the newest of each table, and of those the newest.
SELECT at, key, kind, object, part, by, from_state, to_state, why FROM (
    (SELECT t.at, 'd' || t.id AS key, CASE WHEN t.stage_id IS NULL THEN 'event' ELSE 'stage' END AS kind,
            e.number AS object, s.number AS part, t.by, t.from_state, t.to_state, t.why
       FROM derms_transition t JOIN derms_event e ON e.id = t.event_id LEFT JOIN derms_stage s ON s.id = t.stage_id
      WHERE (t.at, 'd' || t.id) < (%(at)s, %(key)s) AND t.at >= %(since)s AND (%(by)s = '' OR t.by = %(by)s)
        AND (%(kind)s = '' OR %(kind)s = CASE WHEN t.stage_id IS NULL THEN 'event' ELSE 'stage' END)
        AND (%(object)s = '' OR e.number ILIKE %(object)s)
      ORDER BY t.at DESC, key DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT t.at, 'c' || t.id, 'program event', p.event_number, p.stage_number, t.by, t.from_state, t.to_state, t.why
       FROM cpm_transition t JOIN cpm_programevent p ON p.id = t.program_event_id
      WHERE (t.at, 'c' || t.id) < (%(at)s, %(key)s) AND t.at >= %(since)s AND (%(by)s = '' OR t.by = %(by)s)
        AND %(kind)s IN ('', 'program event') AND (%(object)s = '' OR p.event_number ILIKE %(object)s)
      ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT c.at, 'p' || c.id, 'participation', p.event_number || ' ' || d.head_end || '/' || d.nic_id, p.stage_number,
            c.by, '', '', c.what
       FROM cpm_participationchange c JOIN cpm_programevent p ON p.id = c.program_event_id
       JOIN cpm_device d ON d.id = c.device_id
      WHERE (c.at, 'p' || c.id) < (%(at)s, %(key)s) AND c.at >= %(since)s AND (%(by)s = '' OR c.by = %(by)s)
        AND %(kind)s IN ('', 'participation')
        AND (%(object)s = '' OR p.event_number ILIKE %(object)s OR d.nic_id ILIKE %(object)s)
      ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT t.at, 'e' || t.id, 'enrollment', p.code || ' ' || e.id, NULL, t.by, t.from_state, t.to_state, t.why
       FROM cpm_enrollmenttransition t JOIN cpm_enrollment e ON e.id = t.enrollment_id
       JOIN cpm_program p ON p.id = e.program_id
      WHERE (t.at, 'e' || t.id) < (%(at)s, %(key)s) AND t.at >= %(since)s AND (%(by)s = '' OR t.by = %(by)s)
        AND %(kind)s IN ('', 'enrollment') AND (%(object)s = '' OR p.code ILIKE %(object)s)
      ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT t.at, 's' || t.id, 'settlement run', p.code || '-' || r.id, NULL, t.by, t.from_state, t.to_state, t.why
       FROM cpm_settlementtransition t JOIN cpm_settlementrun r ON r.id = t.run_id JOIN cpm_program p ON p.id = r.program_id
      WHERE (t.at, 's' || t.id) < (%(at)s, %(key)s) AND t.at >= %(since)s AND (%(by)s = '' OR t.by = %(by)s)
        AND %(kind)s IN ('', 'settlement run') AND (%(object)s = '' OR p.code || '-' || r.id ILIKE %(object)s)
      ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT u.pgh_created_at, 'u' || u.pgh_id, 'unavailability', d.head_end || '/' || d.nic_id, NULL, u.saved_by,
            '', u.state, to_char(u.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI"Z"') || ' – '
            || to_char(u.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI"Z"')
       FROM cpm_unavailabilitychange u JOIN cpm_device d ON d.id = u.device_id
      WHERE (u.pgh_created_at, 'u' || u.pgh_id) < (%(at)s, %(key)s) AND u.pgh_created_at >= %(since)s
        AND (%(by)s = '' OR u.saved_by = %(by)s) AND %(kind)s IN ('', 'unavailability')
        AND (%(object)s = '' OR d.nic_id ILIKE %(object)s)
      ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT g.pgh_created_at, 'g' || g.pgh_id, 'program', g.code, NULL, coalesce(g.pgh_context->>'by', 'system'), '', '',
            'version ' || g.version
       FROM cpm_programchange g
      WHERE (g.pgh_created_at, 'g' || g.pgh_id) < (%(at)s, %(key)s) AND g.pgh_created_at >= %(since)s
        AND (%(by)s = '' OR g.pgh_context->>'by' = %(by)s) AND %(kind)s IN ('', 'program')
        AND (%(object)s = '' OR g.code ILIKE %(object)s)
      ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT k.pgh_created_at, 'k' || k.pgh_id, 'program type', k.code, NULL, coalesce(k.pgh_context->>'by', 'system'), '',
            '', ''
       FROM cpm_programtypechange k
      WHERE (k.pgh_created_at, 'k' || k.pgh_id) < (%(at)s, %(key)s) AND k.pgh_created_at >= %(since)s
        AND (%(by)s = '' OR k.pgh_context->>'by' = %(by)s) AND %(kind)s IN ('', 'program type')
        AND (%(object)s = '' OR k.code ILIKE %(object)s)
      ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT o.at, 'o' || o.id, o.kind, o.name, NULL, o.by, '', '', o.id::text
       FROM integration_objectchange o
      WHERE (o.at, 'o' || o.id) < (%(at)s, %(key)s) AND o.at >= %(since)s AND (%(by)s = '' OR o.by = %(by)s)
        AND %(kind)s IN ('', o.kind) AND (%(object)s = '' OR o.name ILIKE %(object)s)
      ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT h.at, 'a' || h.id, 'alert', left(a.text, 120), NULL, h.by, '', h.what, h.note
       FROM integration_alertchange h JOIN integration_alert a ON a.id = h.alert_id
      WHERE (h.at, 'a' || h.id) < (%(at)s, %(key)s) AND h.at >= %(since)s AND (%(by)s = '' OR h.by = %(by)s)
        AND %(kind)s IN ('', 'alert') AND (%(object)s = '' OR a.text ILIKE %(object)s)
      ORDER BY 1 DESC, 2 DESC LIMIT %(limit)s)
) found
 WHERE at < %(until)s
 ORDER BY at DESC, key DESC LIMIT %(limit)s
