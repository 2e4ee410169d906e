"""What a stage's control does to the devices that the stage may choose from."""

import json

from derms.choices import DeviceClass
from derms.controls import reduced_share
from derms.models import Stage
from integration.seam import sql
from integration.seam.sql import compose, statement


def control_shares(stage: Stage) -> dict[str, float]:
    """Return the share of its flexible power that each class reduces by; classes the control isn't for are missing."""
    is_cooling = stage.event.zone.is_cooling(stage.starts_at)
    shares = {
        kind: reduced_share(stage.control, stage.control_value, kind, is_cooling=is_cooling)
        for kind in DeviceClass.values
    }
    return {kind: share for kind, share in shares.items() if share is not None}


def unsuited_classes(stage: Stage) -> list[DeviceClass]:
    """Return the classes of the devices a stage may choose from if its control reduces the power of none of them.

    Empty if it suits one class, or if there is no device at all.
    """
    within_groups = statement("derms", "within_groups") if stage.group_criteria else compose("")
    params = {
        "groups": json.dumps(stage.group_criteria),
        "zone": stage.event.zone_id,
        "program": stage.program_id,
        "starts_at": stage.starts_at,
        "ends_at": stage.ends_at,
        "reduced": list(control_shares(stage)),
    }
    found = {kind for (kind,) in sql.rows(statement("derms", "unsuited_classes", within_groups=within_groups), params)}
    return [kind for kind in DeviceClass if kind in found]
