"""Programs over time: made on a page, dates, rules of certain days, suspended with or without releasing devices."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program, ProgramType
from cpm.queries import program_changes
from derms import operations
from derms.models import Event, Stage
from derms.models import Program as DermsProgram
from integration.console.models import User
from integration.seam.models import Message
from integration.seam.program_rules import ProgramRules
from integration.seam.settling import settle
from tests.pages.editing import Tab, save

URL = "/programs/COOL/"


@pytest.fixture(autouse=True)
def cool(program: DermsProgram) -> Program:
    return Program.objects.get(code="COOL")


def known() -> DermsProgram:
    settle()
    return DermsProgram.objects.get(code="COOL")


def test_a_type_and_a_program_are_made_on_pages(as_manager: Client) -> None:
    typed = {"code": "COMFORT", "name": "Home comfort", "category": "rate based", "allow_to_opt_out": "on"}
    typed["opt_out_cutoff_minutes"] = "30"
    assert as_manager.post("/program-types/new/", typed).status_code == 302
    kind = ProgramType.objects.get(code="COMFORT")
    assert (kind.allow_to_opt_out, kind.opt_out_cutoff_minutes, kind.saved_by) == (True, 30, "pia")
    given = {"code": "WARM", "name": "Warm nights", "type": kind.pk, "active": "on", "starts_on": "2026-10-01"}
    answer = as_manager.post("/programs/new/", {**given, "longest_minutes": "90"})

    assert answer["Location"] == "/programs/WARM/"
    settle()
    told = DermsProgram.objects.get(code="WARM")
    assert (told.name, told.starts_on, told.rules_on(date(2026, 11, 1)).longest_minutes) == (
        "Warm nights", date(2026, 10, 1), 90,
    )  # fmt: skip
    assert "Created" in as_manager.get("/programs/WARM/").content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"code": "COOL"}, "already exists"),
        ({"code": "new"}, "“new” can&#x27;t be a code"),
        ({"code": "1E+10"}, "spreadsheet"),
        ({"starts_on": "2026-05-02", "ends_on": "2026-05-01"}, "The last day, 2026-05-01, is before the first"),
        ({"type": ""}, "required"),
    ],
)
def test_a_wrong_program_is_refused(as_manager: Client, typed: dict[str, str], sentence: str) -> None:
    kind = ProgramType.objects.get()
    answer = as_manager.post("/programs/new/", {"code": "X", "name": "X", "type": kind.pk, **typed})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Program.objects.count() == 1


def test_next_season_is_entered_ahead_and_derms_knows_it(as_manager: Client, cool: Program) -> None:
    Program.objects.filter(pk=cool.pk).update(rules_data=ProgramRules(events_per_season=15).model_dump(mode="json"))
    first = Tab(as_manager, f"{URL}rules/new/")
    assert first.form["events_per_season"] == ["15"]  # a copy of the rules that hold
    days = {"effective_on": "2027-06-01", "expires_on": "2027-09-30"}
    assert first.send({**days, "events_per_season": "12"}) == 302
    second = Tab(as_manager, f"{URL}rules/new/")
    copied = [second.form[name] for name in ("effective_on", "expires_on", "events_per_season")]
    assert copied == [["2028-06-01"], ["2028-09-30"], ["12"]]
    assert second.send({"events_per_season": "10"}) == 302

    told = known()
    limits = {
        day: told.rules_on(date.fromisoformat(day)).events_per_season
        for day in ("2027-05-31", "2027-06-01", "2027-09-30", "2027-10-01", "2028-07-01")
    }
    assert limits == {"2027-05-31": 15, "2027-06-01": 12, "2027-09-30": 12, "2027-10-01": 15, "2028-07-01": 10}
    assert told.version == 3
    page = as_manager.get(URL).content.decode()
    assert "2028-06-01" in page
    assert "Rules from 2027-06-01 on: added" in page


def test_dated_rules_are_changed_and_removed(as_manager: Client, cool: Program) -> None:
    address = f"{URL}rules/2027-06-01/"
    Tab(as_manager, f"{URL}rules/new/").send({"effective_on": "2027-06-01", "events_per_week": "2"})
    tab, late = Tab(as_manager, address), Tab(as_manager, address)
    assert tab.send({"events_per_week": "3"}) == 302
    assert late.send({"events_per_week": "4"}) == 409
    assert "2 → 3" in late.page
    taken = Tab(as_manager, f"{URL}rules/new/")
    assert taken.send({"effective_on": "2027-06-01"}) == 409
    assert "take effect on 2027-06-01, too" in taken.page
    sentences = [one.sentence for one in program_changes(cool)]
    assert sentences[:2] == ["Rules from 2027-06-01 on: Events per week: 2 → 3", "Rules from 2027-06-01 on: added"]

    version = Program.objects.get(pk=cool.pk).version
    assert as_manager.post(f"{address}remove/", {"version": version}).status_code == 302
    assert known().dated_rules_data == []
    assert as_manager.get(address).status_code == 404


def test_saving_rules_that_are_the_same_sends_nothing(as_manager: Client) -> None:
    Tab(as_manager, f"{URL}rules/new/").send({"effective_on": "2027-06-01"})
    sent = Message.objects.count()
    assert Tab(as_manager, f"{URL}rules/2027-06-01/").send({}) == 302
    assert Message.objects.count() == sent


def _suspend(client: Client, **typed: Any) -> None:
    version = Program.objects.get(code="COOL").version
    assert client.post(f"{URL}suspend/", {"version": version, **typed}).status_code == 302


def test_a_suspended_program_gives_no_devices_until_it_is_resumed(
    as_manager: Client, event_in: Callable[..., Event], operator: User, now: datetime
) -> None:
    event = event_in("New")
    _suspend(as_manager)
    settle()
    with pytest.raises(operations.EventNotSubmittable, match="which is suspended"):
        operations.submit_event(event_id=event.pk, by=operator, now=now)
    page = as_manager.get("/programs/").content.decode()
    assert "Suspended" in page
    assert as_manager.post(f"{URL}suspend/", {"version": 2}).status_code == 409

    assert as_manager.post(f"{URL}resume/", {"version": 2}).status_code == 302
    settle()
    operations.submit_event(event_id=event.pk, by=operator, now=now)


def test_scheduled_stages_keep_their_devices(as_manager: Client, event_in: Callable[..., Event]) -> None:
    event = event_in("Scheduled")
    settle()
    held = ProgramEvent.objects.get().reserved
    page = as_manager.get(f"{URL}suspend/").content.decode()
    assert f"1 scheduled stage holds {held} of its devices." in page
    _suspend(as_manager)
    settle()
    event.refresh_from_db()
    assert (event.state, ProgramEvent.objects.get().state) == ("Scheduled", "Scheduled")


@pytest.mark.django_db(transaction=True)
def test_a_manager_releases_them_once(as_manager: Client, event_in: Callable[..., Event], now: datetime) -> None:
    event = event_in("Scheduled")
    settle()
    _suspend(as_manager, releases_devices="on")
    settle()

    stage = Stage.objects.get(event=event)
    event.refresh_from_db()
    assert (event.state, stage.state, ProgramEvent.objects.get().state) == ("Canceled", "Canceled", "Canceled")
    last = event.transitions.filter(stage=stage).latest("pk")
    assert last.why == "the program was suspended, and its devices were released"
    as_manager.post(f"{URL}resume/", {"version": 2})
    settle()
    later = event_in("Scheduled")
    save(as_manager, URL, {"name": "Another name", "active": "on"})
    settle()
    later.refresh_from_db()
    assert later.state == "Scheduled"


@pytest.mark.parametrize(
    ("dates", "sentence"),
    [({"starts_on": 1}, "whose events begin on"), ({"ends_on": -1}, "whose last day of events is"), ({}, "")],
)
def test_the_dates_of_a_program_contain_its_events(
    event_in: Callable[..., Event], operator: User, now: datetime, dates: dict[str, int], sentence: str
) -> None:
    event = event_in("New")
    day = event.zone.local_day(event.stages.get().starts_at)
    DermsProgram.objects.update(**{name: day + timedelta(days=days) for name, days in dates.items()})
    if not sentence:
        DermsProgram.objects.update(starts_on=day, ends_on=event.zone.local_day(event.stages.get().ends_at))
        operations.submit_event(event_id=event.pk, by=operator, now=now)
        return
    with pytest.raises(operations.EventNotSubmittable, match=sentence):
        operations.submit_event(event_id=event.pk, by=operator, now=now)
