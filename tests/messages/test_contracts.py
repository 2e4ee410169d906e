"""What a message may contain: round trips keep everything, and undeclared fields are refused."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from integration.seam.messages import (
    BULK,
    COLUMNS,
    CONTRACTS,
    EnrollmentSync,
    MessageBody,
    ProgramRuleSync,
    Receipt,
    StageExecutionStatus,
    StageStatus,
)
from integration.seam.program_rules import ProgramRules
from tests.messages.conftest import STATUS

# Blanks around a word are no part of it.
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(timezones=offsets)
months = st.dates().map(lambda day: f"{day:%m-%d}")
counts = st.none() | st.integers(1, 10_000)
refs = st.fixed_dictionaries(
    {
        "extract_uid": st.uuids(),
        "parts": st.integers(1, 99_999),
        "rows": st.integers(0, 10**9),
        "manifest_sha256": st.text("0123456789abcdef", min_size=64, max_size=64),
    }
)
windows = st.tuples(moments, moments).filter(lambda pair: pair[0] != pair[1]).map(sorted)


def statuses() -> st.SearchStrategy[MessageBody]:
    return st.builds(
        lambda window, **fields: StageStatus(starts_at=window[0], ends_at=window[1], **fields),
        window=windows,
        event_uid=st.uuids(),
        stage_uid=st.uuids(),
        event_number=names,
        event_name=names,
        stage_number=st.integers(1, 99),
        program=names,
        category=st.sampled_from(["Economic", "Emergency", "Reliability", "Device Test"]),
        time_zone=names,
        control=st.sampled_from(["setpoint_offset", "duty_cycle", "off", "discharge"]),
        control_value=st.floats(allow_nan=False, allow_infinity=False),
        state=st.sampled_from(["Scheduled", "In Progress", "Completed", "Canceled"]),
        started_at=st.none() | moments,
        revision=st.integers(1, 10**6),
        reason=st.text(st.characters(codec="utf-8"), max_size=200),
    )


def executions() -> st.SearchStrategy[MessageBody]:
    return st.builds(
        lambda state, at, **fields: StageExecutionStatus(
            state=state, at=at, started_at=None if state == "Missed" else at, **fields
        ),
        state=st.sampled_from(["In Progress", "Completed", "Missed"]),
        at=moments,
        stage_uid=st.uuids(),
        called=st.integers(0, 10**7),
        revision=st.integers(1, 10**6),
    )


def rules() -> st.SearchStrategy[MessageBody]:
    times = st.none() | st.times()
    fields = {name: counts for name, field in ProgramRules.model_fields.items() if field.annotation == (int | None)}
    return st.builds(
        ProgramRuleSync,
        program=names,
        name=names,
        active=st.booleans(),
        version=st.integers(1, 10**6),
        rules=st.builds(
            ProgramRules,
            season_start=st.none() | months,
            season_end=st.none() | months,
            weekdays=st.lists(st.integers(0, 6)).map(tuple),
            hours_from=times,
            hours_until=times,
            holidays=st.lists(st.dates()).map(tuple),
            critical_care_exempt=st.booleans(),
            overridable=st.lists(names).map(tuple),
            **fields,
        ),
    )


def bulk() -> st.SearchStrategy[MessageBody]:
    def build(contract: type[MessageBody], ref: dict[str, Any], uid: Any, program: str) -> MessageBody:
        about = {"stage_uid": uid} if "stage_uid" in contract.model_fields else {"program": program}
        return contract.model_validate({"extract": ref, **about})

    return st.builds(build, st.sampled_from(BULK), refs, st.uuids(), names)


def enrollments() -> st.SearchStrategy[MessageBody]:
    places = dict.fromkeys(("head_end", "nic_id", "program", "zone", "feeder", "transformer"), names)
    return st.fixed_dictionaries(
        {
            "change": st.sampled_from(["start", "end", "replace"]),
            "at": moments,
            "device_class": st.sampled_from(["thermostat", "water_heater", "ev_charger", "battery"]),
            "rated_w": st.integers(0, 100_000_000),
            "critical_care": st.booleans(),
            "replaces_nic_id": st.none() | names,
            **places,
        }
    ).map(lambda change: EnrollmentSync.model_validate({"enrollment": change}))


ANY = st.one_of(statuses(), executions(), rules(), bulk(), enrollments())


@settings(max_examples=200)
@given(ANY)
def test_what_is_sent_is_what_is_read(body: MessageBody) -> None:
    carried = json.loads(json.dumps(body.model_dump(mode="json")))

    read = CONTRACTS[body.kind].model_validate(carried)

    assert read == body
    assert read.subject == body.subject


@settings(max_examples=50)
@given(ANY, st.text(min_size=1))
def test_a_field_nobody_declared_is_refused(body: MessageBody, name: str) -> None:
    fields = body.model_dump(mode="json")

    with pytest.raises(ValidationError):
        CONTRACTS[body.kind].model_validate({**fields, f"{name} too": 1})


@given(st.sampled_from(["starts_at", "ends_at", "started_at"]), st.datetimes())
def test_a_moment_without_an_offset_is_refused(field: str, moment: datetime) -> None:
    with pytest.raises(ValidationError, match="timezone info"):
        StageStatus.model_validate({**STATUS.model_dump(), field: moment})


CHANGE = {
    "change": "start",
    "head_end": "HE1",
    "nic_id": "N1",
    "program": "COOL",
    "at": datetime(2026, 7, 22, tzinfo=UTC),
    "device_class": "battery",
    "rated_w": 5000,
    "zone": "NORTH",
    "feeder": "NORTH-F1",
    "transformer": "NORTH-T1",
}


@given(st.integers(max_value=-1) | st.integers(min_value=100_000_001) | st.floats(0, 9).filter(lambda w: w % 1 != 0))
def test_watts_that_cannot_be_are_refused(watts: float) -> None:
    with pytest.raises(ValidationError, match="rated_w"):
        EnrollmentSync.model_validate({"enrollment": {**CHANGE, "rated_w": watts}})


@pytest.mark.parametrize("field", CHANGE)
def test_an_enrollment_lacks_nothing(field: str) -> None:
    whole = EnrollmentSync.model_validate({"enrollment": CHANGE})
    assert whole.subject == "device:HE1/N1"

    with pytest.raises(ValidationError, match=field):
        EnrollmentSync.model_validate({"enrollment": {name: value for name, value in CHANGE.items() if name != field}})


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_at": STATUS.starts_at},
        {"revision": 0},
        {"state": "Running"},
        {"category": "Whimsical"},
        {"control_value": float("nan")},
        {"event_number": ""},
        {"reason": "x" * 201},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_status_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StageStatus.model_validate({**STATUS.model_dump(), **wrong})


@pytest.mark.parametrize(("state", "started"), [("Missed", True), ("In Progress", False), ("Completed", False)])
def test_what_ran_has_a_start_and_what_was_missed_has_none(state: str, started: bool) -> None:
    at = STATUS.starts_at
    fields = {"stage_uid": STATUS.stage_uid, "state": state, "at": at, "called": 0, "revision": 1}

    with pytest.raises(ValidationError, match="has a start"):
        StageExecutionStatus.model_validate({**fields, "started_at": at if started else None})


@pytest.mark.parametrize("day", ["13-01", "00-10", "02-32", "2-3", "\N{ARABIC-INDIC DIGIT ONE}2-01"])
def test_a_season_begins_on_a_day_of_the_year(day: str) -> None:
    with pytest.raises(ValidationError, match="season_start"):
        ProgramRules(season_start=day)


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        STATUS.revision = 9  # type: ignore[misc]  # that is what is tried


def test_every_bulk_message_says_what_stands_in_its_extract() -> None:
    assert {body.kind for body in BULK} == COLUMNS.keys()


def test_a_receipt_knows_two_answers_alone() -> None:
    with pytest.raises(ValidationError):
        Receipt.model_validate({"status": "FAILURE"})
