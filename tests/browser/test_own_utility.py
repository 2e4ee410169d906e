"""A utility of one's own, through pages alone: from an empty Gridcall and sample files to an event that is closed."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from integration.engines.state import PROJECT
from tests.importing.samples import FILES

from .visitors import Inbox, Visitor, make_administrator, make_person, run

SAMPLES = PROJECT / "docs" / "samples"
ZONE = ZoneInfo("Europe/Berlin")
AHEAD = timedelta(seconds=75)
STAGE_MINUTES = "0.15"


@pytest.fixture
def named_utility(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is set outside the pages: the utility's name, telephone, time zone and logo, the sender of its e-mails."""
    logo = tmp_path / "stadtwerke.svg"
    logo.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20"><rect width="80" height="20"/></svg>'
    )
    monkeypatch.setenv("UTILITY_LOGO", str(logo))
    monkeypatch.setenv("NIGHTLY_TIME_ZONE", ZONE.key)
    monkeypatch.setenv("UTILITY_NAME", "Stadtwerke Musterstadt")
    monkeypatch.setenv("UTILITY_PHONE", "0800 555 0100")
    monkeypatch.setenv("EMAIL_FROM", "laststeuerung@musterstadt.example")


def test_the_sample_utility_is_brought_in_on_pages_and_runs_an_event(
    named_utility: None, own_server: str, browser: Browser, inbox: Inbox
) -> None:
    ada, olive, paul = (Visitor(browser, own_server) for _ in range(3))
    _answer_the_first_lines(ada, own_server)
    for kind, name in FILES:
        _bring_in(ada, kind, name)
    _only_the_event_is_left(ada)

    olive.sign_in("olive.operator")
    paul.sign_in("paul.approver")
    paul.set_up_app()
    number = _plan_and_submit(olive)
    _approve(paul, number)
    _is_run_and_closed(olive, number)

    ada.open("/set-up/")
    ada.reads("1 completed")
    assert ada.page.locator(".log .wait").count() == 0
    assert ada.problems + olive.problems + paul.problems == []


def _answer_the_first_lines(ada: Visitor, address: str) -> None:
    """The first administrator, a test message, two people, and a device test that may start soon."""
    make_administrator(ada, re.findall(r"Code: (\S+)", run("first_administrator"))[0])
    ada.open("/set-up/")
    ada.press("Send a test message")
    ada.reads("The mail server took the message")
    make_person(ada, "olive.operator", "DERMS operator")
    make_person(ada, "paul.approver", "DERMS approver")
    ada.open("/settings/event-types/Device%20Test/")
    ada.fill(lead_time_s="20", outcome_timeout_s="60")
    ada.press("Save")
    ada.reads("is saved")


def _bring_in(ada: Visitor, kind: str, name: str) -> None:
    """Send a file, look at its dry run, apply it."""
    ada.open("/imports/new/")
    ada.page.get_by_label("Kind").select_option(kind)
    ada.page.get_by_label("File", exact=True).set_input_files(SAMPLES / name)
    ada.press("Send")
    ada.press("Make the dry run")
    ada.page.get_by_role("link", name="Apply…").click(timeout=60_000)
    ada.press("Apply")
    ada.page.get_by_role("heading", level=1, name=name).wait_for()
    ada.page.locator(".beside").get_by_text("Applied").wait_for(timeout=60_000)


def _only_the_event_is_left(ada: Visitor) -> None:
    """DERMS answers the enrollments within seconds; then only the event is missing."""
    missing = ada.page.locator(".log li:has(.wait) a")
    for _ in range(30):
        ada.open("/set-up/")
        if missing.count() == 1:
            break
        ada.page.wait_for_timeout(1000)
    assert missing.all_inner_texts() == ["A first event, best a device test"]


def _plan_and_submit(olive: Visitor) -> str:
    """A strategy, and an event made from it."""
    page = olive.page
    olive.open("/strategies/new/")
    olive.fill(name="Device test")
    for label, choice in (("Control zone", "Musterstadt"), ("Type", "Device Test"), ("Objective", "Maximum Reduction")):
        page.get_by_label(label, exact=True).select_option(label=choice)
    stage = {"program": "Cool summer", "control": "Off"}
    for name, choice in stage.items():
        page.locator(f"[name=stages-0-{name}]").select_option(label=choice)
    olive.fill(**{"stages-0-offset_minutes": "0", "stages-0-length_minutes": "1"})
    olive.press("Save")
    olive.reads("“Device test” is saved.")
    olive.open("/events/new/")
    page.get_by_role("radio", name="Device test").check()
    page.get_by_label("Name").fill("First device test")
    start = datetime.fromisoformat(str(page.evaluate("new Date().toISOString()"))) + AHEAD
    page.get_by_label("Start").fill(start.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S"))
    page.get_by_role("listitem", name="Stage 1").get_by_label("Lasts").fill(STAGE_MINUTES)
    page.locator("#check").get_by_text("devices eligible").first.wait_for()
    olive.press("Save")
    olive.reads("is saved as New")
    page.locator("#state-tracking").get_by_role("link", name="Submit").click()
    olive.press("Submit")
    page.locator("#state-tracking .now").get_by_text("Submitted").wait_for()
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def _approve(paul: Visitor, number: str) -> None:
    paul.open(f"/events/{number}/approve/")
    paul.press("Approve")
    paul.reads("was approved")


def _is_run_and_closed(olive: Visitor, number: str) -> None:
    """It runs to its end, and CPM has a row with an outcome for every device that was reserved."""
    olive.open(f"/events/{number}/")
    olive.page.locator("#state-tracking .now").get_by_text("Completed").wait_for(timeout=180_000)
    all_of_them = re.compile(r"\b(\d+)\s*/\s*\1\b")
    olive.page.locator("#progress").get_by_text(all_of_them).nth(3).wait_for(timeout=90_000)
