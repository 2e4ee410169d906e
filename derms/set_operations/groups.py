"""Whether a stage's DER groups have any device that it may choose from."""

import json

from derms.models import Stage
from integration.seam import sql
from integration.seam.sql import statement


def has_device_in_groups(stage: Stage) -> bool:
    """Whether any device of the stage's program and control zone is in one of its DER groups; true without groups."""
    if not stage.group_criteria:
        return True
    params = {
        "groups": json.dumps(stage.group_criteria),
        "zone": stage.event.zone_id,
        "program": stage.program_id,
        "starts_at": stage.starts_at,
        "ends_at": stage.ends_at,
    }
    found = statement("derms", "any_in_groups", within_groups=statement("derms", "within_groups"))
    return bool(sql.value(found, params))
