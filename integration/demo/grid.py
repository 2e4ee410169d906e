"""The grid of the demo utility, and the head end systems of its devices."""

from typing import NamedTuple

from django.db import transaction

from derms.choices import Category
from derms.models import ControlZone, EventType, HeadEnd
from derms.models.grid import MONTHS
from integration.seam.sql import execute, statement
from lec_sim.models import HeadEndProfile

ALWAYS_SUMMER = MONTHS  # the load that zones borrow is a summer's, whatever the date is
LEAD_TIME_S = 20
# Reports of vens are waited for 45 s (OPENADR_ANSWERS_WITHIN_S), with them the outcomes of other devices. What is left
# is for a busy machine: with 15 s, workers that had to begin anew lost the outcomes of a whole stage.
OUTCOME_TIMEOUT_S = 180
TIME_ZONE = "America/New_York"


class DemoZone(NamedTuple):
    """A control zone, the PJM zone whose load it borrows, and its share of the demo's devices."""

    code: str
    name: str
    load_of: str
    share: float


class DemoHeadEnd(NamedTuple):
    """A head end system and how its devices behave; see HeadEndProfile."""

    code: str
    name: str
    answer_seconds: float
    offline_share: float
    reject_share: float
    overrides_per_hour: float


ZONES = (
    DemoZone("ALDER", "Alder Valley", "DUQ", 0.25),
    DemoZone("BIRCH", "Birch Lake", "DAYTON", 0.30),
    DemoZone("CEDAR", "Cedar Hollow", "DEOK", 0.45),
)
HEAD_ENDS = (
    DemoHeadEnd("sample-climate", "Sample Climate Cloud", 2.0, 0.03, 0.01, 0.12),
    DemoHeadEnd("mock-heat", "Mock Heat Connect", 4.0, 0.06, 0.01, 0.02),
    DemoHeadEnd("example-charge", "Example Charge Network", 1.5, 0.02, 0.04, 0.08),
    DemoHeadEnd("placeholder-hub", "Placeholder Home Hub", 8.0, 0.12, 0.02, 0.05),
)


@transaction.atomic
def add_grid() -> None:
    """Make the demo's control zones, its head end systems and the times of its event types."""
    for zone in ZONES:
        add_zone(code=zone.code, name=zone.name)
    add_head_ends()
    set_event_types()


def add_zone(
    *, code: str, name: str, limit_kw: int | None = None, substations: int = 4, feeders: int = 5, transformers: int = 40
) -> ControlZone:
    """Make a control zone with its grid; `feeders` is per substation, `transformers` per feeder."""
    zone = ControlZone.objects.create(
        code=code, name=name, time_zone=TIME_ZONE, limit_kw=limit_kw, cooling_months=ALWAYS_SUMMER
    )
    grid = {"substations": substations, "feeders": feeders, "transformers": transformers}
    execute(statement("integration.demo", "add_zone_grid"), {"zone": zone.pk, "code": code, **grid})
    return zone


def add_head_ends() -> None:
    """Make the missing head end systems and the simulator's profiles of their behaviour."""
    for head_end in HEAD_ENDS:
        behaviour = head_end._asdict()
        code, name = behaviour.pop("code"), behaviour.pop("name")
        HeadEnd.objects.get_or_create(code=code, defaults={"name": name})
        HeadEndProfile.objects.get_or_create(head_end=code, defaults=behaviour)


def set_event_types() -> None:
    """Set the demo's short lead times and time-outs, so that outcomes arrive within minutes."""
    for category in Category:
        EventType.objects.update_or_create(
            category=category, defaults={"lead_time_s": LEAD_TIME_S, "outcome_timeout_s": OUTCOME_TIMEOUT_S}
        )
