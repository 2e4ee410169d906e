"""What depends on a stage, for the alerts of any system."""

from uuid import UUID

from ..models import Stage


def power_of_stage(stage_uid: UUID) -> str:
    """Return the power and the number of the devices a stage holds; empty if it holds none."""
    stage = Stage.objects.filter(uid=stage_uid).first()
    if stage is None or stage.reserved == stage.removed:
        return ""
    return f"{(stage.reserved_w - stage.removed_w) / 1000:,.0f} kW of {stage.reserved - stage.removed:,} devices"
