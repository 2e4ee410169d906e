"""An event's power over time, for pages of other systems."""

from uuid import UUID

from integration.seam.event_steps import EventStep

from ..figures.powers import stage_powers
from ..figures.profile import profile
from ..figures.targets import target_of
from ..models import Event


def steps_of_event(event_uid: UUID) -> list[EventStep]:
    """The steps of an event's profile in W; none if it isn't known here."""
    event = Event.objects.select_related("zone", "strategy").filter(uid=event_uid).first()
    if event is None:
        return []
    stages = list(event.stages.order_by("number"))
    return [
        EventStep(
            step.starts_at,
            step.ends_at,
            None if step.target_kw is None else step.target_kw * 1000,
            step.reserved_kw * 1000,
            None if step.counted_kw is None else step.counted_kw * 1000,
        )
        for step in profile(stage_powers(stages), target_of(event, stages))
    ]
