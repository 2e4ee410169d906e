"""A utility of one's own: from an empty database, with sample files and commands only, to an event that ran."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from cpm.models import Customer, SubscribedDevice
from cpm.models.program_events import ProgramEvent
from derms import operations
from derms.models import ControlZone, Device, Enrollment, Event, Feeder, LoadForecast, Program
from integration.console.models import User
from integration.importing.models import ImportRun
from integration.seam import clock
from integration.seam.models import Alert, Delivery
from tests import factories
from tests.importing.samples import FILES, SAMPLES, bring_in
from tests.settling import settle_until

pytestmark = pytest.mark.django_db(transaction=True)

START_IN = timedelta(seconds=40)  # a slow machine has reserved by then
RUNS_FOR = timedelta(seconds=15)  # nobody is called after its end, however late the start was noticed


def test_the_sample_utility_is_brought_in_by_commands_and_runs_an_event(operator: User, approver: User) -> None:
    bring_in()

    assert (Feeder.objects.count(), Customer.objects.count(), Device.objects.count()) == (3, 40, 60)
    assert Customer.objects.get(number="00000002").name == "Mustera Täst"
    assert Program.objects.get(code="KUEHL").rules.longest_minutes == 240
    assert set(SubscribedDevice.objects.values_list("answer", flat=True)) == {"Registered"}
    assert Enrollment.objects.count() == 60
    assert LoadForecast.objects.filter(metered_kw__isnull=False).count() == 336

    exempt = Enrollment.objects.filter(program__code="KUEHL", device__critical_care=True)
    thermostats = Enrollment.objects.filter(program__code="KUEHL").count() - exempt.count()
    assert exempt.count() == 1
    event = _approved_event(operator, approver)
    settle_until(lambda: ProgramEvent.objects.filter(event_uid=event.uid, closed=thermostats).exists(), within_s=180)

    stage = event.stages.get()
    assert stage.reserved == stage.called == thermostats > 20
    assert not Delivery.objects.filter(delivered_at=None).exists()
    assert not Alert.objects.exists()


def test_every_sample_file_again_changes_nothing() -> None:
    bring_in()
    bring_in()

    again = ImportRun.objects.order_by("pk")[len(FILES) :]
    assert [(run.kind, run.added, run.changed, run.refused) for run in again] == [(kind, 0, 0, 0) for kind, _ in FILES]


def test_the_command_shows_a_dry_run_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("import", "zones", str(SAMPLES / "grid.csv"))

    shown = capsys.readouterr().out
    assert "12 rows: 1 added, 0 changed, 11 unchanged, 0 refused; 0 no longer in the file." in shown
    assert "  limit_kw: limit_kw" in shown
    assert not Feeder.objects.exists()


def _approved_event(operator: User, approver: User) -> Event:
    now = clock.now()
    plan = factories.strategy(ControlZone.objects.get(), Program.objects.get(code="KUEHL"), lead_time_s=0)
    plan.stages.update(length_minutes=1)
    event = operations.create_event(
        strategy_id=plan.pk,
        starts_at=now + START_IN,
        by=operator,
        now=now,
        details=operations.EventDetails(name="First event"),
    )
    event.stages.update(ends_at=now + START_IN + RUNS_FOR)
    operations.submit_event(event_id=event.pk, by=operator, now=now)
    operations.approve_event(event_id=event.pk, by=approver, now=now)
    return event
