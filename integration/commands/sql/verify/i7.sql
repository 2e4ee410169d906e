-- Stages that started outside their window, as each of the systems knows them; and all of them, if more than one in a hundred started over 2 s late.
SELECT event_number || ' stage ' || stage_number, format('started at %%s, its window is %%s to %%s', started_at, starts_at, ends_at)
  FROM lec_sim_lecstage
 WHERE started_at < starts_at OR started_at >= ends_at
 UNION ALL
SELECT e.number || ' stage ' || s.number,
       format('started at %%s in DERMS, its window is %%s to %%s', s.started_at, s.starts_at, s.ends_at)
  FROM derms_stage s JOIN derms_event e ON e.id = s.event_id
 WHERE s.started_at < s.starts_at OR s.started_at >= s.ends_at
 UNION ALL
SELECT event_number || ' stage ' || stage_number,
       format('started at %%s in CPM, its window is %%s to %%s', started_at, starts_at, ends_at)
  FROM cpm_programevent
 WHERE started_at < starts_at OR started_at >= ends_at
 UNION ALL
SELECT 'all stages', format('of %%s starts, one in a hundred was %%s s late', n, late)
  FROM (SELECT percentile_cont(0.99) WITHIN GROUP (
                   ORDER BY extract(epoch FROM started_at - greatest(starts_at, reservations_loaded_at))) AS late,
               count(*) AS n
          FROM lec_sim_lecstage WHERE started_at IS NOT NULL) starts
 WHERE n >= 100 AND late > 2
