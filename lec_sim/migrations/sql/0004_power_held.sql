-- What was an average over the stage's window, from the call on, becomes the power held, for stages not handed over yet.
DROP VIEW lec_answered_call;
UPDATE lec_call c
   SET reduction_w = round(c.reduction_w * extract(epoch FROM s.ends_at - c.called_at)
                           / greatest(extract(epoch FROM least(c.overridden_at, s.ends_at) - c.called_at), 1))
  FROM lec_sim_lecstage s
 WHERE s.id = c.stage_id AND s.handed_over_at IS NULL AND c.reduction_w > 0;
ALTER TABLE lec_call RENAME COLUMN reduction_w TO power_w;
-- From PostgreSQL 18 on NOT NULL is a constraint with a name of its own.
DO $$ BEGIN
IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'lec_call'::regclass AND conname = 'lec_call_reduction_w_not_null') THEN
    ALTER TABLE lec_call RENAME CONSTRAINT lec_call_reduction_w_not_null TO lec_call_power_w_not_null;
END IF;
END $$;
ALTER TABLE lec_call ADD COLUMN nominal_w integer;
