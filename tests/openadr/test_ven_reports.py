"""What a ven reports is kept as it was sent, read as facts, and seen by nobody else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from integration.seam.messages import DeliveredLoad
from integration.seam.models import Message
from lec_sim import operations
from lec_sim.choices import Measure, Quality, Word
from lec_sim.models import HeadEndProfile, LecAnswer, LecStage, LecTelemetry, LecWord, Removal, VenReport
from lec_sim.operations import forget_reports

from .conftest import HOUR, VenClient, move_calls, published

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
FIRST, SECOND = "N0000001", "N0000002"
KWH = {"objectType": "REPORT_PAYLOAD_DESCRIPTOR", "payloadType": "USAGE", "units": "KWH", "readingType": None}


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the time of calls from now on."""

    def choose(moment: datetime) -> None:
        move_calls(monkeypatch, moment)

    return choose


@pytest.fixture
def running(ven: VenClient, stage: LecStage, at: Callable[[datetime], None]) -> LecStage:
    """A stage that has called its twenty devices a minute ago."""
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=stage.starts_at)
    at(stage.starts_at + MINUTE)
    return LecStage.objects.get(pk=stage.pk)


def interval(*payloads: tuple[str, Any], start: datetime | None = None, duration: str | None = None) -> dict[str, Any]:
    period = {"start": start and start.isoformat(), "duration": duration, "randomizeStart": None}
    values = [{"type": name, "values": [value]} for name, value in payloads]
    return {"id": 0, "intervalPeriod": period if start or duration else None, "payloads": values}


def resource(name: str, *intervals: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceName": name, "intervals": list(intervals), **more}


def report_of(stage: LecStage, *resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "eventID": str(stage.stage_uid),
        "clientName": "HE1",
        "reportName": None,
        "payloadDescriptors": None,
        "resources": list(resources),
        **more,
    }


def says(stage: LecStage, state: str, name: str = FIRST) -> dict[str, Any]:
    return report_of(stage, resource(name, interval(("OPERATING_STATE", state))))


def test_a_report_can_be_read_changed_and_deleted(ven: VenClient, running: LecStage) -> None:
    sent = report_of(
        running,
        resource(FIRST, interval(("USAGE", 0.5), start=running.starts_at, duration="PT15M")),
        reportName="meter",
        payloadDescriptors=[KWH],
    )
    made = ven.post("reports", sent)
    assert made.status_code == 201
    kept = made.json()
    assert (kept["objectType"], kept["clientID"]) == ("REPORT", ven.account.client_id)
    assert (kept["eventID"], kept["clientName"], kept["reportName"]) == (str(running.stage_uid), "HE1", "meter")
    assert kept["resources"][0]["intervals"][0]["payloads"] == [{"type": "USAGE", "values": [0.5]}]
    assert ven.found("reports") == [kept]
    assert ven.found(f"reports/{kept['id']}") == kept

    changed = ven.put(f"reports/{kept['id']}", {**sent, "reportName": "meter, corrected"})
    assert (changed.status_code, changed.json()["reportName"]) == (200, "meter, corrected")
    assert changed.json()["createdDateTime"] == kept["createdDateTime"]

    assert ven.delete(f"reports/{kept['id']}").json()["id"] == kept["id"]
    assert ven.get(f"reports/{kept['id']}").status_code == 404
    assert ven.found("reports") == []
    assert LecTelemetry.objects.count() == 1, "what was measured stays"


def test_reports_of_a_former_client_are_not_shown_to_the_new_one(
    ven: VenClient, running: LecStage, ven_of: Callable[..., VenClient]
) -> None:
    kept = ven.post("reports", says(running, "RUNNING_CURTAILED")).json()
    new = ven_of("HE2")
    HeadEndProfile.objects.filter(head_end="HE1").update(client=new.account.client_id)
    assert new.found("reports") == []
    assert new.get(f"reports/{kept['id']}").status_code == 404
    assert new.delete(f"reports/{kept['id']}").status_code == 404
    own = new.post("reports", says(running, "RUNNING_CURTAILED", SECOND)).json()
    assert new.found("reports") == [own]
    assert own["clientID"] == new.account.client_id
    assert ven.found("reports") == []  # it is a client of no head end any more


def test_reports_are_found_by_program_event_and_client_name(ven: VenClient, running: LecStage, now: datetime) -> None:
    other = published(now, starts_at=now + 5 * HOUR, devices=2)
    first = ven.post("reports", says(running, "RUNNING_CURTAILED")).json()
    second = ven.post("reports", says(other, "IDLE_NORMAL") | {"clientName": "another name"}).json()
    (program,) = ven.found("programs")

    assert ven.found("reports") == [first, second]
    assert ven.found("reports", eventID=str(other.stage_uid)) == [second]
    assert ven.found("reports", eventID="event-1") == []
    assert ven.found("reports", clientName="HE1") == [first]
    assert ven.found("reports", programID=program["id"]) == [first, second]
    assert ven.found("reports", programID="program-0") == []
    assert ven.found("reports", skip=1, limit=1) == [second]
    assert ven.found("reports", skip=2) == []


def test_nothing_of_another_ven_is_seen_or_changed(
    ven: VenClient, running: LecStage, ven_of: Callable[..., VenClient]
) -> None:
    kept = ven.post("reports", says(running, "RUNNING_CURTAILED")).json()
    other = ven_of("HE2")

    assert other.found("reports") == []
    for answer in (
        other.get(f"reports/{kept['id']}"),
        other.put(f"reports/{kept['id']}", says(running, "ERROR")),
        other.delete(f"reports/{kept['id']}"),
    ):
        assert answer.status_code == 404
    refused = other.post("reports", says(running, "ERROR"))
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        f"eventID: there is no event “{running.stage_uid}” of yours.",
    )
    assert LecWord.objects.get().word == Word.ANSWERED


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("RUNNING_CURTAILED", Word.ANSWERED),
        ("IDLE_CURTAILED", Word.ANSWERED),
        ("NORMAL", Word.NORMAL),
        ("RUNNING_NORMAL", Word.NORMAL),
        ("IDLE_NORMAL", Word.NORMAL),
        ("RUNNING_OPTED_OUT", Word.OPTED_OUT),
        ("IDLE_OPTED_OUT", Word.OPTED_OUT),
        ("ERROR", Word.ERROR),
        ("SGD_ERROR_CONDITION", Word.ERROR),
        ("RUNNING_HEIGHTENED", None),
        ("OUR_OWN_STATE", None),
    ],
)
def test_each_state_is_a_word(ven: VenClient, running: LecStage, state: str, word: Word | None) -> None:
    assert ven.post("reports", says(running, state)).status_code == 201

    assert list(LecWord.objects.values_list("nic_id", "word")) == ([(FIRST, word)] if word else [])


def test_what_has_no_period_is_said_of_now_and_measured_over_the_event(ven: VenClient, running: LecStage) -> None:
    payloads = (("OPERATING_STATE", "IDLE_CURTAILED"), ("USAGE", 2))
    ven.post("reports", report_of(running, resource(FIRST, interval(*payloads))))

    assert LecWord.objects.get().at == running.starts_at + MINUTE
    measured = LecTelemetry.objects.get()
    assert (measured.starts_at, measured.ends_at, measured.watts) == (running.starts_at, running.ends_at, 2000)


def test_intervals_follow_each_other_from_the_resource_s_period_on(ven: VenClient, running: LecStage) -> None:
    start = running.starts_at
    common = {"start": start.isoformat().replace("+00:00", "Z"), "duration": "PT15M"}
    intervals = [interval(("DEMAND", kw)) for kw in (1, 2)] + [
        interval(("DEMAND", 3), start=start + 50 * MINUTE, duration="PT5M")
    ]
    ven.post("reports", report_of(running, resource(FIRST, *intervals, intervalPeriod=common)))

    found = LecTelemetry.objects.order_by("starts_at").values_list("starts_at", "ends_at", "watts")
    assert [((a - start) / MINUTE, (b - start) / MINUTE, w) for a, b, w in found] == [
        (0, 15, 1000), (15, 30, 2000), (50, 55, 3000)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "units", "value", "watts"),
    [
        ("USAGE", None, 0.25, 1000),
        ("USAGE", "KW", 0.25, 250),
        ("DELTA_USAGE", "KWH", -0.25, -1000),
        ("DEMAND", None, 0.25, 250),
        ("DEMAND", "KW", 0.25, 250),
        ("BASELINE", None, 0.25, 1000),
        ("BASELINE", "KW", 1, 1000),
    ],
)
def test_values_become_mean_power(
    ven: VenClient, running: LecStage, name: str, units: str | None, value: float, watts: float
) -> None:
    described = {"objectType": "REPORT_PAYLOAD_DESCRIPTOR", "payloadType": name, "units": units}
    sent = report_of(
        running,
        resource(FIRST, interval((name, value), start=running.starts_at, duration="PT15M")),
        payloadDescriptors=[described],
    )
    assert ven.post("reports", sent).status_code == 201

    found = LecTelemetry.objects.get()
    assert (found.measure, found.watts) == (Measure[name], watts)


@pytest.mark.parametrize(
    ("quality", "kept"),
    [("OK", Quality.OK), ("ESTIMATED", Quality.ESTIMATED), ("BAD", Quality.BAD), ("MISSING", None), ("?", Quality.BAD)],
)
def test_quality_is_kept_and_missing_values_are_not(
    ven: VenClient, running: LecStage, quality: str, kept: Quality | None
) -> None:
    ven.post("reports", report_of(running, resource(FIRST, interval(("USAGE", 1), ("DATA_QUALITY", quality)))))

    assert list(LecTelemetry.objects.values_list("quality", flat=True)) == ([kept] if kept else [])


def test_a_forecast_is_no_measurement(ven: VenClient, running: LecStage) -> None:
    described = {**KWH, "readingType": "FORECAST"}
    ven.post("reports", report_of(running, resource(FIRST, interval(("USAGE", 1))), payloadDescriptors=[described]))

    assert not LecTelemetry.objects.exists()


def test_a_sum_of_all_devices_is_the_head_end_s_delivered_load(ven: VenClient, running: LecStage) -> None:
    payloads = (("DELTA_USAGE", -0.2), ("OPERATING_STATE", "RUNNING_CURTAILED"))
    total = interval(*payloads, start=running.starts_at, duration="PT1M")
    ven.post("reports", report_of(running, resource("AGGREGATED_REPORT", total)))
    operations.collect_answers(running.pk, now=running.starts_at + MINUTE)
    operations.report_delivered_load(running.pk, now=running.starts_at + MINUTE)

    body = Message.objects.get(kind="delivered_load").body
    assert isinstance(body, DeliveredLoad)
    assert (body.reduction_w, body.answered, body.called) == (12_000, 0, 20)
    assert not LecWord.objects.exists()


def test_an_opt_out_before_the_start_leaves_the_stage_and_moves_the_revision_on(
    ven: VenClient, stage: LecStage
) -> None:
    before = ven.get("events")
    assert len(ven.found("resources")) == 20

    assert ven.post("reports", says(stage, "IDLE_OPTED_OUT")).status_code == 201

    assert Removal.objects.get().answer == "removed"
    assert len(ven.found("resources")) == 19
    assert ven.get("events", **{"If-None-Match": before["ETag"]}).status_code == 200
    told = Message.objects.get(kind="device_opt_out").payload
    assert (told["nic_id"], told["answer"]) == (FIRST, "removed")


def test_a_device_of_another_stage_or_head_end_is_refused_by_name_and_nothing_is_kept(
    ven: VenClient, running: LecStage
) -> None:
    both = [resource(name, interval(("OPERATING_STATE", "IDLE_NORMAL"))) for name in (FIRST, "N0000099")]
    answer = ven.post("reports", report_of(running, *both))

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert "head end HE1: N0000099." in answer.json()["detail"]
    assert not LecWord.objects.exists()
    assert not VenReport.objects.exists()


def test_a_client_of_two_head_ends_names_the_one_it_means(
    ven: VenClient, now: datetime, at: Callable[[datetime], None]
) -> None:
    HeadEndProfile.objects.create(head_end="HE2", driver="openadr", client=ven.account.client_id)
    both = published(now, head_ends=("HE1", "HE2"), devices=2)
    unnamed = ven.post("reports", says(both, "IDLE_CURTAILED") | {"clientName": "me"})
    assert (unnamed.status_code, unnamed.json()["detail"]) == (
        400,
        "clientName: name the ven whose devices these are: HE1, HE2.",
    )

    assert ven.post("reports", says(both, "IDLE_CURTAILED") | {"clientName": "HE2"}).status_code == 201

    assert list(LecWord.objects.values_list("head_end", "nic_id")) == [("HE2", FIRST)]


@pytest.mark.parametrize(
    ("change", "says_why"),
    [
        ({"eventID": None}, "eventID: "),
        ({"clientName": ""}, "clientName: "),
        ({"resources": None}, "resources: "),
        ({"resources": [{"resourceName": FIRST}]}, "resources.0.intervals: "),
        ({"resources": [resource(FIRST, {"payloads": []})]}, "resources.0.intervals.0.id: "),
        ({"resources": [resource(FIRST, interval(("USAGE", "much")))]}, ".0: USAGE must have a number"),
        ({"resources": [resource(FIRST, interval(("USAGE", True)))]}, ".0: USAGE must have a number"),
        ({"resources": [resource(FIRST, interval(("USAGE", 1e12)))]}, "implausible: 1e+15 W, at most 100,000,000 W."),
        ({"resources": [resource(FIRST, interval(("OPERATING_STATE", 7)))]}, "OPERATING_STATE must have a state"),
        ({"resources": [resource(FIRST, interval(("USAGE", 1), duration="P1Y"))]},
         "resources.0.intervals.0.intervalPeriod.duration: “P1Y” must be weeks"),
        ({"resources": [resource(FIRST, interval(("USAGE", 1), duration="PT0S"))]}, "USAGE needs a duration above 0"),
        ({"resources": [resource(FIRST, {**interval(("USAGE", 1)), "intervalPeriod": {"start": "noon"}})]},
         "resources.0.intervals.0.intervalPeriod.start: “noon” must be a moment"),
        ({"resources": [resource(FIRST, {**interval(("USAGE", 1)), "intervalPeriod": {"start": "2026-07-22T18:00"}})]},
         "must be a moment with its offset"),
        ({"payloadDescriptors": [{**KWH, "units": "THERMS"}]},
         "payloadDescriptors.0.units: USAGE must be in KWH or KW, not in “THERMS”."),
        ({"payloadDescriptors": [{"payloadType": "USAGE"}]}, "payloadDescriptors.0.objectType: "),
    ],
)  # fmt: skip
def test_a_report_that_is_wrong_is_a_400_with_the_place(
    ven: VenClient, running: LecStage, change: dict[str, Any], says_why: str
) -> None:
    answer = ven.post("reports", {**says(running, "IDLE_NORMAL"), **change})

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert says_why in answer.json()["detail"]
    assert not VenReport.objects.exists()


def test_a_report_stays_with_its_event(ven: VenClient, running: LecStage, now: datetime) -> None:
    other = published(now, starts_at=now + 5 * HOUR, devices=2)
    kept = ven.post("reports", says(running, "IDLE_NORMAL")).json()

    answer = ven.put(f"reports/{kept['id']}", says(other, "IDLE_NORMAL"))

    assert (answer.status_code, "stays with its event" in answer.json()["detail"]) == (409, True)


def test_a_report_after_the_outcomes_is_kept_said_to_be_late_and_changes_nothing(
    ven: VenClient, running: LecStage, at: Callable[[datetime], None]
) -> None:
    operations.end_stage(running.pk, now=running.ends_at)
    operations.hand_over_outcomes(running.pk, now=running.ends_at + MINUTE)
    at(running.ends_at + HOUR)

    assert ven.post("reports", says(running, "RUNNING_CURTAILED")).status_code == 201

    assert VenReport.objects.get().is_late
    assert not LecWord.objects.exists()
    assert not LecAnswer.objects.exists()


def test_reports_are_forgotten_after_a_month_and_what_they_said_is_not(
    ven: VenClient, running: LecStage, now: datetime
) -> None:
    ven.post("reports", says(running, "RUNNING_CURTAILED"))
    forget_reports(now=running.starts_at + timedelta(days=30))
    assert VenReport.objects.exists()

    forget_reports(now=running.starts_at + timedelta(days=30, minutes=2))

    assert not VenReport.objects.exists()
    assert LecWord.objects.exists()


def test_a_body_that_is_no_json_is_refused(ven: VenClient, running: LecStage) -> None:
    assert ven.post("reports", "{}", content_type="text/plain").status_code == 415
    assert ven.get("reports", {"venName": "x"}).status_code == 400


def test_a_report_that_would_cost_seconds_is_refused_and_says_how_to_send_it(ven: VenClient, running: LecStage) -> None:
    many = [interval(("USAGE", 1), start=running.starts_at + n * MINUTE, duration="PT1M") for n in range(7_000)]
    kept = ven.post("reports", report_of(running, resource(FIRST, *many[:5]))).json()["id"]
    too_much = report_of(running, resource(FIRST, *many))
    for refused in (ven.post("reports", too_much), ven.put(f"reports/{kept}", too_much)):
        assert (refused.status_code, refused["Content-Type"]) == (413, "application/problem+json")
        assert "at most 1,000,000 bytes are accepted here. Send it in several parts." in refused.json()["detail"]
    assert LecTelemetry.objects.count() == 5
