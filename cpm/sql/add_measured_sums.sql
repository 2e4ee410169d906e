-- Add up the results of a measurement by stage, feeder, head end, class and by what the devices did. A meter measures all
-- devices behind it: what was expected and reported of all of them, in stages at the same time by their share of it,
-- compares with what it saved.
INSERT INTO cpm_measuredsum (measurement_id, "of", name, participations, measured, preliminary, expected_w, reported_w,
       measured_expected_w, measured_reported_w, baseline_wh, metered_wh, saved_wh, mean_w, rebound_wh)
SELECT %(measurement)s,
       CASE WHEN grouping(feeder) = 0 THEN 'feeder' WHEN grouping(head_end) = 0 THEN 'head end'
            WHEN grouping(device_class) = 0 THEN 'device class' WHEN grouping(segment) = 0 THEN 'segment'
            ELSE 'stage' END,
       coalesce(feeder, head_end, device_class, segment, ''),
       count(*), count(*) FILTER (WHERE is_measured), count(*) FILTER (WHERE status = 'preliminary'),
       sum(expected_w), sum(reported_w),
       coalesce(sum(meter_expected_w) FILTER (WHERE is_measured), 0),
       coalesce(sum(meter_reported_w) FILTER (WHERE is_measured), 0),
       coalesce(sum(baseline), 0), coalesce(sum(metered), 0), coalesce(sum(saved_wh), 0),
       coalesce(sum(mean_w), 0), coalesce(sum(rebound_wh), 0)
  FROM (SELECT r.*, r.status <> 'not measured' AS is_measured, p.expected_w, coalesce(o.reduction_w, 0) AS reported_w,
               p.reservation_flag OR o.code IS NOT NULL AS is_called,
               coalesce(meter.expected_w, 0) AS meter_expected_w, coalesce(meter.reported_w, 0) AS meter_reported_w,
               l.feeder, d.head_end, d.device_class,
               {segment} AS segment,
               (SELECT sum(wh) FROM unnest(r.baseline_wh) wh) AS baseline,
               (SELECT sum(wh) FROM unnest(r.metered_wh) wh) AS metered
          FROM cpm_measuredresult r
          JOIN cpm_participation p ON p.program_event_id = %(program_event)s AND p.device_id = r.device_id
          JOIN cpm_device d ON d.id = r.device_id
          JOIN cpm_devicelocation l ON l.id = d.location_id
          LEFT JOIN cpm_outcome o ON o.program_event_id = %(program_event)s AND o.device_id = r.device_id
          LEFT JOIN (SELECT d.location_id, round(sum(p.expected_w * at.share)) AS expected_w,
                            round(sum(coalesce(o.reduction_w, 0) * at.share)) AS reported_w
                       FROM unnest(%(events)s::bigint[], %(shares)s::double precision[]) at (id, share)
                       JOIN cpm_participation p ON p.program_event_id = at.id
                       JOIN cpm_device d ON d.id = p.device_id
                       LEFT JOIN cpm_outcome o ON o.program_event_id = at.id AND o.device_id = p.device_id
                      WHERE p.reservation_flag OR o.code IS NOT NULL
                      GROUP BY d.location_id) meter ON meter.location_id = r.location_id
         WHERE r.measurement_id = %(measurement)s) one
 GROUP BY GROUPING SETS ((is_called), (is_called, feeder), (is_called, head_end), (is_called, device_class), (segment))
HAVING grouping(segment) = 0 OR is_called
