-- Stages that started outside their window; and all of them, if more than one in a hundred started over 2 s late.
SELECT event_number || ' stage ' || stage_number, format('started at %%s, its window is %%s to %%s', started_at, starts_at, ends_at)
  FROM lec_sim_lecstage
 WHERE started_at < starts_at OR started_at >= ends_at
 UNION ALL
SELECT 'all stages', format('of %%s starts, one in a hundred was %%s s late', n, late)
  FROM (SELECT percentile_cont(0.99) WITHIN GROUP (
                   ORDER BY extract(epoch FROM started_at - greatest(starts_at, reservations_loaded_at))) AS late,
               count(*) AS n
          FROM lec_sim_lecstage WHERE started_at IS NOT NULL) starts
 WHERE n >= 100 AND late > 2
