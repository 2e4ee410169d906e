"""Customer Opt Out From A Program Event, along its click path; Event Opt Out Parameters and their history."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from cpm.models import Participation, Removal
from cpm.models.customers import Customer, Device, Subscription
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program, ProgramType
from cpm.pages.standings import opt_out_refusal
from derms.models import ControlZone, Event
from derms.models import Program as DermsProgram
from integration.console.models import User
from integration.pages.moments import moment_text
from integration.seam import sql
from integration.seam.models import Message
from integration.seam.settling import settle
from lec_sim import operations as lec
from lec_sim.models import LecStage
from tests import factories
from tests.cpm.test_participation_export import exported
from tests.pages.editing import save
from tests.pages.html import html_of

pytestmark = pytest.mark.usefixtures("without_emails")

SUMMARY = "/customers/NC1/"
YES = {"preemptive_opt_out": "yes", "scope": "stage"}
PARAMETERS = "/program-types/TYPE/"


def record(event: ProgramEvent, device: Device) -> str:
    return f"/program-events/{event.event_number}/{event.stage_number}/participation/{device.head_end}/{device.nic_id}/"


def outstanding_url() -> str:
    return f"{SUMMARY}subscriptions/{Subscription.objects.get(customer__number='NC1').pk}/opt-out/"


def facts(event: ProgramEvent, device: Device) -> Participation:
    return Participation.objects.get(program_event_id=event.pk, device_id=device.pk)


@pytest.fixture
def two_stages(
    transactional_db: None,
    event_in: Callable[..., Event],
    allowed: Program,
    customer: Customer,
    zone: ControlZone,
    program: DermsProgram,
) -> list[ProgramEvent]:
    """The future stages of one event, each with the same twenty devices."""
    strategy = factories.strategy(zone, program, stages=2)
    event_in("Scheduled", strategy_id=strategy.pk)
    settle()
    return list(ProgramEvent.objects.order_by("stage_number"))


def test_the_click_path_ends_with_a_device_that_is_not_called(
    reserved: ProgramEvent, device: Device, as_csr: Client
) -> None:
    page = as_csr.get(SUMMARY).content.decode()
    assert f'href="{outstanding_url()}"' in page
    page = as_csr.get(outstanding_url()).content.decode()
    assert f'href="{record(reserved, device)}"' in page
    assert "data-countdown" in page
    assert "Preemptive Opt-Out" in as_csr.get(record(reserved, device)).content.decode()
    answer = as_csr.post(f"{record(reserved, device)}opt-out/", YES)
    assert answer["Location"] == record(reserved, device)
    waiting = as_csr.get(record(reserved, device)).content.decode()
    assert "Requested" in waiting
    assert 'hx-trigger="nudge, every 5s"' in waiting
    settle()
    page = as_csr.get(record(reserved, device), headers={"HX-Request": "true"}).content.decode()
    assert "The device is not called" in page
    assert 'hx-trigger="nudge, every 5s"' not in page
    assert "Preemptive Opt-Out: No → Yes" in page
    assert "Opt-out confirmed" in page
    User.objects.update(language="de")
    page = as_csr.get(record(reserved, device)).content.decode()
    for sentence in (
        "Vorzeitige Abmeldung: Nein → Ja", "Abmeldung bestätigt", "Reservierungskennzeichen: Ja → Nein (Abmeldung)",
    ):  # fmt: skip
        assert sentence in page
    now_stored = facts(reserved, device)
    assert (now_stored.preemptive_opt_out, now_stored.reservation_flag) == (True, False)
    stage = LecStage.objects.get()
    lec.start_stage(stage.pk, now=reserved.starts_at)
    lec.call_devices(stage.pk, now=reserved.starts_at)
    assert sql.rows("SELECT count(*) FROM lec_call") == [(19,)]


def test_flags_off_no_button_no_form_and_saving_is_refused(
    reserved: ProgramEvent, device: Device, as_csr: Client
) -> None:
    ProgramType.objects.update(allow_to_opt_out=False)
    assert outstanding_url() not in as_csr.get(SUMMARY).content.decode()
    assert as_csr.get(outstanding_url()).status_code == 409
    page = as_csr.get(record(reserved, device)).content.decode()
    assert "do not allow customers to opt out" in page
    assert "<select" not in page
    answer = as_csr.post(f"{record(reserved, device)}opt-out/", YES)
    assert answer.status_code == 409
    assert "do not allow customers to opt out" in answer.content.decode()
    assert not facts(reserved, device).preemptive_opt_out


def test_one_step_on_the_summary_opts_out_and_each_page_says_the_same(
    reserved: ProgramEvent, device: Device, as_csr: Client, csr: User
) -> None:
    assert "This can't be undone" in html_of(as_csr.get(SUMMARY))
    answer = as_csr.post(f"{record(reserved, device)}opt-out/", {**YES, "to_customer": "1"})
    assert answer["Location"] == SUMMARY
    assert "The opt-out is saved. The answer comes in a moment." in as_csr.get(SUMMARY).content.decode()
    settle()
    listed = f"/program-events/participation/?program_event={reserved}&status=Opted+out".replace(" stage ", "-")
    for page in (SUMMARY, record(reserved, device)):
        shown = html_of(as_csr.get(page))
        assert "Opted out: the device is not called." in shown
        assert "Opting out is possible until" not in shown
        assert "Opt out now" not in shown
    (row,) = as_csr.get(listed).context["page"].rows
    assert (row.facts.status, row.facts.reservation_flag) == ("Opted out", False)
    header, line = exported(csr, "status=Opted+out")
    assert line[header.index("Status")] == "Opted out"


def test_a_refusal_names_the_end_and_the_start_in_the_places_time(
    reserved: ProgramEvent,
) -> None:
    start = datetime(2026, 7, 28, 18, tzinfo=UTC)
    ProgramEvent.objects.filter(pk=reserved.pk).update(starts_at=start, ends_at=start + timedelta(hours=1))
    reserved.refresh_from_db()
    sentence = opt_out_refusal(
        reserved, is_reserved=True, zone="America/Chicago", now=start - timedelta(minutes=5) + timedelta(hours=2)
    )
    assert sentence == (
        f"Opting out was possible until {moment_text(reserved.opt_out_ends_at, 'America/Chicago')}; "
        "the start of the stage is Tue 28 Jul 13:00 CDT."
    )
    running = ProgramEvent(program=reserved.program, state="In Progress", starts_at=start, started_at=start)
    sentence = opt_out_refusal(running, is_reserved=True, zone="America/New_York", now=start)
    assert sentence == (
        "The stage started on Tue 28 Jul 14:00 EDT; it is too late to opt out. "
        "It can still be taken back by hand, at the device itself; it then leaves this stage only."
    )


def test_without_a_reservation_there_is_no_button(customer: Customer, allowed: Program, as_csr: Client) -> None:
    assert "Opt Out" not in as_csr.get(SUMMARY).content.decode()
    assert "Nothing to opt out of" in as_csr.get(outstanding_url()).content.decode()


def test_after_the_cut_off_it_is_too_late(reserved: ProgramEvent, device: Device, as_csr: Client) -> None:
    ProgramType.objects.update(opt_out_cutoff_minutes=180)
    assert "too late since" in as_csr.get(outstanding_url()).content.decode()
    assert "Opting out was possible until" in as_csr.get(record(reserved, device)).content.decode()
    assert as_csr.post(f"{record(reserved, device)}opt-out/", YES).status_code == 409
    assert not Removal.objects.exists()


def test_an_opt_out_that_meets_a_started_stage_says_since_when(
    reserved: ProgramEvent, device: Device, as_csr: Client
) -> None:
    lec.start_stage(LecStage.objects.get().pk, now=reserved.starts_at)
    as_csr.post(f"{record(reserved, device)}opt-out/", YES)
    settle()
    page = as_csr.get(record(reserved, device)).content.decode()
    assert "Too late: the stage had started" in page
    assert f'datetime="{reserved.starts_at:%Y-%m-%dT%H:%M:%S}' in page
    assert facts(reserved, device).reservation_flag


def test_all_coming_stages_of_the_event_at_once(two_stages: list[ProgramEvent], device: Device, as_csr: Client) -> None:
    url = record(two_stages[0], device)
    assert "all coming stages of the event" in as_csr.get(url).content.decode()
    as_csr.post(f"{url}opt-out/", YES | {"scope": "event"})
    settle()
    assert [facts(stage, device).reservation_flag for stage in two_stages] == [False, False]
    assert set(Removal.objects.values_list("answer", flat=True)) == {"confirmed"}


def test_one_stage_leaves_the_others_reserved(two_stages: list[ProgramEvent], device: Device, as_csr: Client) -> None:
    as_csr.post(f"{record(two_stages[0], device)}opt-out/", YES)
    settle()
    assert [facts(stage, device).reservation_flag for stage in two_stages] == [False, True]


def test_a_stage_past_its_cut_off_stays_and_is_named(
    two_stages: list[ProgramEvent], device: Device, as_csr: Client
) -> None:
    ProgramType.objects.update(opt_out_cutoff_minutes=150)
    answer = as_csr.post(f"{record(two_stages[1], device)}opt-out/", YES | {"scope": "event"}, follow=True)
    assert f"{two_stages[0]}: Opting out was possible until" in answer.content.decode()
    assert [facts(stage, device).preemptive_opt_out for stage in two_stages] == [False, True]


def test_no_changes_nothing(reserved: ProgramEvent, device: Device, as_csr: Client) -> None:
    as_csr.post(f"{record(reserved, device)}opt-out/", {"preemptive_opt_out": "no", "scope": "stage"})
    assert not facts(reserved, device).preemptive_opt_out
    assert not Message.objects.filter(kind="event_opt_out").exists()


def test_saved_twice_it_is_sent_once(reserved: ProgramEvent, device: Device, as_csr: Client) -> None:
    for _ in range(2):
        assert as_csr.post(f"{record(reserved, device)}opt-out/", YES).status_code == 302
    assert Message.objects.filter(kind="event_opt_out").count() == 1


def test_the_list_shows_flag_and_opt_out(reserved: ProgramEvent, device: Device, as_csr: Client) -> None:
    as_csr.post(f"{record(reserved, device)}opt-out/", YES)
    settle()
    rows = as_csr.get("/program-events/participation/?customer=NC1").context["page"].rows
    assert [(row.facts.reservation_flag, row.facts.preemptive_opt_out) for row in rows] == [(False, True)]


def test_program_managers_may_and_others_may_not(
    reserved: ProgramEvent, device: Device, as_manager: Client, as_outsider: Client, client: Client
) -> None:
    url = f"{record(reserved, device)}opt-out/"
    assert as_outsider.post(url, YES).status_code == 403
    assert client.post(url, YES)["Location"].startswith("/account/login/")
    assert not facts(reserved, device).preemptive_opt_out
    assert as_manager.post(url, YES).status_code == 302
    assert facts(reserved, device).preemptive_opt_out


def test_event_opt_out_parameters_keep_who_changed_what(allowed: Program, as_manager: Client) -> None:
    save(as_manager, PARAMETERS, {"name": "Test type", "category": "device control", "opt_out_cutoff_minutes": "45"})
    changes = as_manager.get(PARAMETERS).context["changes"]
    assert {(change.sentence, change.by) for change in changes} >= {
        ("Allow To Opt Out: Yes → No", "pia"),
        ("Cut-off (minutes before the stage starts): 0 → 45", "pia"),
        ("Allow To Opt Out: No → Yes", "system"),
        ("Created", "system"),
    }
    assert "Cut-off (minutes before the stage starts): 0 → 45" in as_manager.get(PARAMETERS).content.decode()


def test_program_flags_and_rules_keep_who_changed_what(allowed: Program, as_manager: Client) -> None:
    save(as_manager, "/programs/COOL/", {"name": "Cool program", "active": "on", "longest_minutes": "90"})
    sentences = {(c.sentence, c.by) for c in as_manager.get("/programs/COOL/").context["changes"]}
    assert {
        ("Allow Customer Unavailability: Yes → No", "pia"),
        ("Longest event (minutes): — → 90", "pia"),
    } <= sentences


def test_a_change_past_the_pages_is_kept_too(allowed: Program, as_manager: Client) -> None:
    sql.rows("UPDATE cpm_programtype SET opt_out_cutoff_minutes = 7 RETURNING id")
    changes = as_manager.get(PARAMETERS).context["changes"]
    assert ("Cut-off (minutes before the stage starts): 0 → 7", "system") in {(c.sentence, c.by) for c in changes}
