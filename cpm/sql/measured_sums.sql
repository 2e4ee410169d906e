-- The results of a measurement added up by stage, feeder, head end, class and by what the devices did. A meter measures
-- all devices behind it: what was expected and reported of all of them, in stages at the same time by their share of it,
-- compares with what it saved. First by all of these together, which PostgreSQL may do on several processors. Sums of a
-- head end's class, which DERMS hears, have no name. The results are those of one measurement, which nobody sees yet.
SELECT CASE WHEN grouping(head_end, device_class) = 0 THEN '' WHEN grouping(feeder) = 0 THEN 'feeder'
            WHEN grouping(head_end) = 0 THEN 'head end' WHEN grouping(device_class) = 0 THEN 'device class'
            WHEN grouping(segment) = 0 THEN 'segment' ELSE 'stage' END AS "of",
       coalesce(feeder, head_end, device_class, segment, '') AS name,
       sum(participations)::bigint AS participations, sum(measured)::bigint AS measured,
       sum(preliminary)::bigint AS preliminary, sum(expected_w)::bigint AS expected_w,
       sum(reported_w)::bigint AS reported_w, sum(measured_expected_w)::bigint AS measured_expected_w,
       sum(measured_reported_w)::bigint AS measured_reported_w,
       sum(measured_expected_wh)::bigint AS measured_expected_wh,
       sum(measured_reported_wh)::bigint AS measured_reported_wh, sum(metered + saved)::bigint AS baseline_wh,
       sum(metered)::bigint AS metered_wh, sum(saved)::bigint AS saved_wh, sum(mean_w)::bigint AS mean_w,
       sum(rebound_wh)::bigint AS rebound_wh,
       head_end, device_class
  FROM (SELECT feeder, head_end, device_class, segment, is_called,
               count(*) AS participations, count(*) FILTER (WHERE is_measured) AS measured,
               count(*) FILTER (WHERE status = 'preliminary') AS preliminary,
               sum(expected_w) AS expected_w, sum(reported_w) AS reported_w,
               coalesce(sum(meter_expected_w) FILTER (WHERE is_measured), 0) AS measured_expected_w,
               coalesce(sum(meter_reported_w) FILTER (WHERE is_measured), 0) AS measured_reported_w,
               coalesce(sum(meter_expected_w * hours), 0) AS measured_expected_wh,
               coalesce(sum(meter_reported_w * hours), 0) AS measured_reported_wh,
               coalesce(sum(metered), 0) AS metered, coalesce(sum(saved_wh), 0) AS saved,
               coalesce(sum(mean_w), 0) AS mean_w, coalesce(sum(rebound_wh), 0) AS rebound_wh
          FROM (SELECT r.status, r.saved_wh, r.mean_w, r.rebound_wh, r.status <> 'not measured' AS is_measured,
                       p.expected_w,
                       round(coalesce(o.reduction_w, 0) * %(own_reported)s::double precision) AS reported_w,
                       p.reservation_flag OR o.code IS NOT NULL AS is_called,
                       coalesce(meter.expected_w, 0) AS meter_expected_w,
                       coalesce(meter.reported_w, 0) AS meter_reported_w,
                       -- Of the whole intervals that are measured; null if not measured.
                       cardinality(r.baseline_wh) * r.interval_s / 3600.0 AS hours,
                       l.feeder, d.head_end, d.device_class,
                       {segment} AS segment,
                       (SELECT sum(wh) FROM unnest(r.metered_wh) wh) AS metered
                  FROM {results} r
                  JOIN cpm_participation p ON p.program_event_id = %(program_event)s AND p.device_id = r.device_id
                  JOIN cpm_device d ON d.id = r.device_id
                  JOIN cpm_devicelocation l ON l.id = d.location_id
                  LEFT JOIN cpm_outcome o ON o.program_event_id = %(program_event)s AND o.device_id = r.device_id
                  LEFT JOIN (SELECT d.location_id, round(sum(p.expected_w * at.of_expected)) AS expected_w,
                                    round(sum(coalesce(o.reduction_w, 0) * at.of_reported)) AS reported_w
                               FROM unnest(%(events)s::bigint[], %(of_expected)s::double precision[],
                                           %(of_reported)s::double precision[]) at (id, of_expected, of_reported)
                               JOIN cpm_participation p
                                 ON p.program_event_id = at.id AND p.program_event_id = ANY(%(events)s::bigint[])
                               JOIN cpm_device d ON d.id = p.device_id
                               LEFT JOIN cpm_outcome o
                                 ON o.program_event_id = at.id AND o.program_event_id = ANY(%(events)s::bigint[])
                                AND o.device_id = p.device_id
                              WHERE p.reservation_flag OR o.code IS NOT NULL
                              GROUP BY d.location_id) meter ON meter.location_id = r.location_id) one
         GROUP BY feeder, head_end, device_class, segment, is_called) fine
 GROUP BY GROUPING SETS ((is_called), (is_called, feeder), (is_called, head_end), (is_called, device_class), (segment),
                        (is_called, head_end, device_class))
HAVING grouping(segment) = 0 OR is_called
