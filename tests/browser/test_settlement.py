"""From an event's end to what customers are paid, at the pages: readings, report, run, approval, file, correction."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.files.storage import storages
from django.db import connection

from cpm.models import Customer, Meter, MeterDay, Participation, ProgramEvent, SettlementLine, SettlementRun
from cpm.queries.meters import meter_readings
from integration.demo.homes import QUARTERS
from integration.demo.meters import blocks_to_read, read_block
from integration.importing.models import ImportRun
from integration.seam.settling import settle

from .conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
METERS = 60
LESS, STILL_LESS = 0.5, 0.4  # of the usual load, in the event


@pytest.fixture(scope="module")
def demo(quiet_demo: str) -> str:
    return quiet_demo


@pytest.fixture
def files_of_the_pages(extract_folder: Path, settings: LazySettings) -> None:
    """Let this process, which does the work, read the files that the web process stores."""
    where = {**settings.STORAGES["imports"], "OPTIONS": {"location": settings.IMPORT_ROOT}}
    settings.STORAGES = {**settings.STORAGES, "imports": where}
    storages.__dict__.pop("backends", None)


@pytest.fixture
def event(demo: str, files_of_the_pages: None, settings: LazySettings) -> ProgramEvent:
    """The last stage of Cool Saver in Alder; the first meters there have readings up to the day before it."""
    connection.close()
    found = ProgramEvent.objects.filter(program__code="COOL-SAVER", event_name__startswith="Alder limit relief")
    last = found.latest("starts_at")
    settings.DEMO_METERS = METERS
    while left := blocks_to_read(last.starts_at):
        read_block(left[0], now=last.starts_at)
    settings.DEMO_METERS = 0  # the days from then on come with files
    return last


def test_what_an_event_saved_is_measured_settled_and_corrected(
    event: ProgramEvent, sign_in: Callable[..., Person], tmp_path: Path
) -> None:
    manager, other, csr = sign_in("pia.manager"), sign_in("paul.manager"), sign_in("cora.csr")
    administrator = sign_in("adam.admin")
    _bring_in(administrator, _readings(event, tmp_path / "readings.csv", LESS))
    _measure(manager, event)
    _read_the_report(manager, event)

    first = _make_run(manager, event)
    _read_a_line(manager, first)
    _review_and_approve(other, first)
    _hand_over(other, first)
    _read_on_the_customer_s_page(csr, first)

    _bring_in(administrator, _readings(event, tmp_path / "corrected.csv", STILL_LESS))
    _measure(manager, event)
    second = _make_run(manager, event)
    manager.reads("a correction: lines are differences")
    manager.shoot("settlement-correction")
    assert second.corrects == [first.pk]
    assert 0 < second.amount < first.amount, "what was saved in addition, and no more"


def _readings(event: ProgramEvent, path: Path, share: float) -> Path:
    """A wide file of the event's day and the next one: as the day before it, with this share of it in the event."""
    taken = Participation.objects.filter(program_event_id=event.pk).values("device_id")
    read = MeterDay.objects.values("meter_id")
    meters = list(Meter.objects.filter(location__devices__in=taken, pk__in=read).distinct().order_by("pk"))
    assert len(meters) >= 5
    before = datetime.combine(event.starts_at.date() - DAY, datetime.min.time(), UTC)
    usual = np.nan_to_num(meter_readings([one.pk for one in meters], before, before + DAY, interval_s=900).kwh)
    first = int((event.starts_at - before - DAY) / QUARTER)
    last = int((event.ends_at - before - DAY) / QUARTER)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["meter", "day", *(f"{n // 4:02}:{n % 4 * 15:02}" for n in range(QUARTERS))])
        for meter, kwh in zip(meters, usual, strict=True):
            shares = np.ones(QUARTERS)
            shares[first:last] = share
            for number, of_day in ((1, shares), (2, np.ones(QUARTERS))):
                day = (before + number * DAY).date()
                rows.writerow([meter.number, day, *(f"{one:.3f}" for one in kwh * of_day)])
    return path


def _bring_in(administrator: Person, path: Path) -> None:
    """Send a file, look at its dry run, apply it."""
    page = administrator.page
    administrator.open("/imports/new/")
    page.get_by_label("Kind").select_option("meter_readings")
    page.get_by_label("File", exact=True).set_input_files(path)
    administrator.press("Send")
    administrator.press("Make the dry run")
    administrator.reads("Checking", within=".beside", seconds=20)
    settle()
    checked = ImportRun.objects.latest("pk")
    assert (checked.state, checked.refused) == ("Checked", 0), checked.why
    page.get_by_role("link", name="Apply…").click()
    administrator.press("Apply")
    administrator.reads("Applying", within=".beside", seconds=20)
    settle()
    applied = ImportRun.objects.latest("pk")
    assert applied.state == "Applied", (applied.why, applied.conflicts)


def _measure(manager: Person, event: ProgramEvent) -> None:
    manager.open(f"/program-events/{event.event_number}/measured/")
    manager.press("Measure…")
    manager.press("Measure")
    manager.reads("The stages are being measured", within="body", seconds=20)
    settle()


def _read_the_report(manager: Person, event: ProgramEvent) -> None:
    """Committed, expected, reported and measured beside each other, the measured one with its interval."""
    manager.open(f"/program-events/{event.event_number}/measured/")
    for words in ("Committed (target)", "Expected", "Reported by Live Energy Connect", "Measured"):
        manager.reads(words, within="#report .measured-key")
    manager.reads("90 % interval", within="#report .figures")
    assert manager.page.locator("#report svg.measured rect.bar").count() > 0
    assert manager.page.locator("#report svg.measured line[x1]:not(.zero)").count() > 0
    manager.shoot("measured-report")
    _read_the_paper(manager)


def _read_the_paper(manager: Person) -> None:
    """What the report says is printed, every hour of its charts whole; what can be pressed is not."""
    page = manager.page
    page.emulate_media(media="print")
    manager.shoot("measured-report-printed")
    for words in ("Hour by hour", "How much each meter saved", "Head end", "Feeder", "Method"):
        assert page.locator("#report").get_by_text(words, exact=True).first.is_visible(), words
    assert page.locator(".btn:visible, .side:visible, .crumbs:visible").count() == 0
    paper = page.locator("#report").bounding_box()
    hours = [one.bounding_box() for one in page.locator("#report .tick-text").all()]
    assert paper
    assert hours
    for hour in hours:
        assert hour
        assert paper["x"] <= hour["x"] <= hour["x"] + hour["width"] <= paper["x"] + paper["width"]
    page.emulate_media(media="screen")


def _make_run(manager: Person, event: ProgramEvent) -> SettlementRun:
    """New run of the event's day, and its draft."""
    page, day = manager.page, event.starts_at.astimezone(ZoneInfo(event.time_zone)).date()
    manager.choose_tool("Settlement")
    manager.press("New run")
    page.get_by_label("Method and version of its prices").select_option(label="Cool Saver: Demo: kWh avoided, 1")
    page.get_by_label("First day").fill(str(day))
    page.get_by_label("Last day").fill(str(day))
    manager.press("Make the run")
    manager.reads("Computing", within="#run .figures", seconds=20)
    settle()
    manager.reads("Draft", within="#run .figures", seconds=20)
    manager.reads("Draft", within=".beside")  # all of the page is renewed, with what can be done now
    return SettlementRun.objects.latest("pk")


def _read_a_line(manager: Person, run: SettlementRun) -> None:
    manager.shoot("settlement-draft")
    manager.press("Each line")
    manager.shoot("settlement-lines")
    line = _paid_line(run)
    manager.open(f"/settlement/{run.pk}/lines/{line.program_event_id}/{line.subject_id}/")
    for words in ("Price per kWh", "10 of 10: the mean of the latest ten like days", "counts"):
        manager.reads(words)
    manager.shoot("settlement-line")


def _paid_line(run: SettlementRun) -> SettlementLine:
    return SettlementLine.objects.filter(run_id=run.pk, amount__gt=0).earliest("program_event_id", "subject_id")


def _review_and_approve(other: Person, run: SettlementRun) -> None:
    other.choose_tool("Settlement")
    other.press(str(run))
    other.press("Review…")
    other.press("Reviewed")
    other.press("Approve…")
    other.shoot("settlement-approve")
    other.press("Approve")
    other.reads("Approved", within="#run .figures")


def _hand_over(other: Person, run: SettlementRun) -> None:
    """The file for billing, and the note that it was handed over."""
    page = other.page
    page.locator("summary").filter(has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + SettlementRun.objects.get(pk=run.pk).lines > 1
    other.open(f"/settlement/{run.pk}/")
    other.press("Handed over…")
    other.press("Handed over")
    other.reads("Exported", within="#run .figures")
    other.shoot("settlement-exported")
    run.refresh_from_db()


def _read_on_the_customer_s_page(csr: Person, run: SettlementRun) -> None:
    customer = Customer.objects.get(pk=_paid_line(run).customer_id)
    csr.open(f"/customers/{customer.number}/")
    csr.reads("USD, settled")
    csr.shoot("customer-settled")
