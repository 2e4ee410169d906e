"""The demo's settlement: methods from the start, two runs once the meters are read."""

import pytest
from django.conf import LazySettings

from cpm.models import ProgramEvent, SettlementMethod, SettlementRun
from cpm.operations.settlement_lines import reckon_settlement_run
from integration.demo import settlements
from integration.seam import clock
from tests.cpm.settlement import measure

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]


def steps_left(*, most: int = 20) -> int:
    """Do what the clock starts until nothing is left; return how many steps there were."""
    for done in range(most):
        for run in SettlementRun.objects.filter(state="Computing"):
            reckon_settlement_run(run.pk, now=clock.now())
        found = settlements.methods_to_settle(clock.now())
        if not found:
            return done
        settlements.settle_step(found[0], now=clock.now())
    raise AssertionError("it goes on and on")


def test_methods_are_there_from_the_start_and_say_that_they_are_invented() -> None:
    assert SettlementMethod.objects.count() == len(settlements.METHODS)
    assert all(one.name.startswith("Demo: ") for one in SettlementMethod.objects.all())
    settlements.add_methods(clock.now())
    assert SettlementMethod.objects.count() == len(settlements.METHODS), "a second time adds none"


def test_an_approved_run_and_a_draft_are_made_once_all_events_are_measured(settings: LazySettings) -> None:
    assert steps_left() == 0, "without meters there is nothing to settle"
    settings.DEMO_METERS = 1
    ran = ProgramEvent.objects.filter(program__code="COOL-SAVER", started_at__isnull=False)
    *most, last = ran.order_by("starts_at")
    for event in most:
        measure(event, {})
    assert steps_left() == 0, "the last event is not measured"
    measure(last, {})

    assert steps_left() == 4

    approved, draft = SettlementRun.objects.order_by("pk")
    assert (approved.state, draft.state) == ("Approved", "Draft")
    assert approved.made_by not in ("", approved.approved_by)
    assert approved.ends_on < draft.starts_on
    settled = sum(run.parts.count() for run in (approved, draft))
    assert settled == ran.count()
    assert steps_left() == 0
