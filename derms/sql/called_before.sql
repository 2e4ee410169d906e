-- Part of other statements: whether one of these stages has called a device, which makes its event count for it.
EXISTS (SELECT FROM derms_outcome o
         WHERE o.stage_id = ANY({stages}) AND o.device_id = {device} AND (o.code IN %(calls)s OR o.ended_at > o.started_at))
