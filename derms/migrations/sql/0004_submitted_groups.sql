-- Stages whose plan can't be edited any more keep their groups' criteria as they are at the migration.
UPDATE derms_stage s
   SET submitted_groups = coalesce((
           SELECT jsonb_agg(jsonb_build_object(
                      'name', g.name, 'version', g.version, 'device_classes', g.device_classes,
                      'feeder_ids', g.feeder_ids, 'head_end_ids', g.head_end_ids, 'program_ids', g.program_ids))
             FROM derms_stage_der_groups sg JOIN derms_dergroup g ON g.id = sg.dergroup_id
            WHERE sg.stage_id = s.id), '[]')
  FROM derms_event e
 WHERE e.id = s.event_id AND e.state NOT IN ('New', 'Denied');
