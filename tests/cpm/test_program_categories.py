"""What a program type's category decides: whose devices events call, and which places are compared with these."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from cpm import operations as cpm
from cpm.models.customers import DeviceLocation
from cpm.models.programs import Program, ProgramType
from cpm.planning import Application, checks_of, failures
from derms import operations
from derms.models import ControlZone, Event
from derms.models import Program as DermsProgram
from integration.seam.settling import settle
from tests import factories

pytestmark = pytest.mark.django_db


def of_category(category: str) -> None:
    """Make the type of COOL one of a category, as if it had always been, and tell DERMS."""
    ProgramType.objects.filter(programs__code="COOL").update(category=category)
    program = Program.objects.get(code="COOL")
    Program.objects.filter(pk=program.pk).update(version=program.version + 1)
    cpm.send_program_rules(program_id=program.pk)
    settle()


@pytest.mark.parametrize("category", ["rate based", "control group", "DER registration"])
def test_only_device_control_gives_devices_to_events(
    event_in: Callable[..., Event], operator: object, now: datetime, category: str
) -> None:
    event = event_in("New")
    of_category(category)

    with pytest.raises(operations.EventNotSubmittable, match="whose devices events never call"):
        operations.submit_event(event_id=event.pk, by=operator, now=now)  # type: ignore[arg-type]

    assert not DermsProgram.objects.get(code="COOL").is_open
    of_category("device control")
    operations.submit_event(event_id=event.pk, by=operator, now=now)  # type: ignore[arg-type]


def test_the_category_of_a_type_with_programs_stays(program: DermsProgram, as_manager: Client) -> None:
    kind = ProgramType.objects.get()
    address = f"/program-types/{kind.code}/"
    typed = {"name": "Renamed", "category": "rate based", "opt_out_cutoff_minutes": "0", "version": kind.version}

    assert as_manager.post(address, typed).status_code == 302

    kind.refresh_from_db()
    assert (kind.name, kind.category) == ("Renamed", "device control")
    Program.objects.all().delete()
    assert as_manager.post(address, {**typed, "version": kind.version}).status_code == 302
    kind.refresh_from_db()
    assert kind.category == "rate based"


@pytest.mark.parametrize(
    ("of_program", "of_place"), [("control group", "device control"), ("device control", "control group")]
)
def test_a_place_is_either_in_a_control_group_or_called(
    zone: ControlZone, program: DermsProgram, now: datetime, of_program: str, of_place: str
) -> None:
    factories.fleet(zone, program, 1, since=now - timedelta(days=1))
    factories.program("TANK")
    Program.objects.filter(code="TANK").update(
        type=ProgramType.objects.create(code="OTHER", name="Other", category=of_program)
    )
    ProgramType.objects.filter(programs__code="COOL").update(category=of_place)
    place, wanted = DeviceLocation.objects.get(), Program.objects.select_related("type").get(code="TANK")

    def failed() -> list[str]:
        return failures(checks_of(Application(wanted, place, list(place.devices.all()))))

    (sentence,) = failed()

    assert sentence.startswith("The place has been in Cool program since ")
    assert sentence.endswith("A place is either in a control group, or in programs whose devices events call.")
    ProgramType.objects.filter(programs__code="COOL").update(category="rate based")
    assert failed() == []
