"""What a simulated device does is a pure function; the statement over a whole stage computes the same."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lec_sim import operations
from lec_sim.choices import Answer
from lec_sim.models import HeadEndProfile, LecCall, LecReservation
from tests.lec_sim import stages
from tests.lec_sim.behaviour import Behaviour, behave, draws

NOON = datetime(2026, 7, 22, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROFILES: dict[str, dict[str, Any]] = {
    "usual": {},
    "other seed": {"seed": 99},
    "poor": {"seed": -5, "answer_seconds": 60, "offline_share": 0.3, "reject_share": 0.2, "overrides_per_hour": 2.5},
    "perfect": {"answer_seconds": 0.1, "offline_share": 0, "reject_share": 0, "overrides_per_hour": 0},
    "silent": {"offline_share": 1, "reject_share": 0},
    "rejecting": {"offline_share": 0, "reject_share": 1},
    **{f"with fault {fault}": {"fault": fault} for fault in ("offline", "slow", "rejects")},
}
MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.django_db
def test_the_statement_over_a_stage_computes_what_the_function_says(now: datetime) -> None:
    profiles = {name: HeadEndProfile.objects.create(head_end=name, **fields) for name, fields in PROFILES.items()}
    stage = stages.reserved(now + HOUR, now, head_ends=tuple(profiles), devices=400)
    called_at = stage.starts_at + timedelta(seconds=3)

    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=called_at)

    nominal_w = {
        (head_end, nic_id): watts
        for head_end, nic_id, watts in LecReservation.objects.values_list("head_end", "nic_id", "nominal_w")
    }
    calls = list(LecCall.objects.all())
    assert len(calls) == len(nominal_w) == 400 * len(profiles)
    for call in calls:
        said = behave(
            profiles[call.head_end],
            device=f"{call.head_end}/{call.nic_id}",
            stage=str(stage.stage_uid),
            nominal_w=nominal_w[call.head_end, call.nic_id],
            called_at=called_at,
            ends_at=stage.ends_at,
        )
        assert call.called_at == called_at
        assert _alike(call, said), (call.head_end, call.nic_id, said)
    assert {call.answer for call in calls} == set(Answer.values) - {Answer.PENDING, Answer.FAILED}
    assert any(call.overridden_at for call in calls)


@pytest.mark.django_db
def test_a_head_end_that_is_met_for_the_first_time_gets_a_profile_of_the_defaults(now: datetime) -> None:
    HeadEndProfile.objects.create(head_end="known", seed=7)
    stage = stages.reserved(now + HOUR, now, head_ends=("known", "new"), devices=3)
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=stage.starts_at)

    met, defaults = HeadEndProfile.objects.get(head_end="new"), HeadEndProfile(head_end="new")
    assert {**vars(met), "id": None, "_state": None} == {**vars(defaults), "_state": None}
    assert HeadEndProfile.objects.get(head_end="known").seed == 7
    assert LecCall.objects.filter(stage_id=stage.pk).count() == 6


def _alike(call: LecCall, said: Behaviour) -> bool:
    return (
        call.answer == said.answer
        and _close(call.answered_at, said.answered_at)
        and _close(call.overridden_at, said.overridden_at)
        and abs(call.power_w - said.power_w) <= 1
    )


def _close(one: datetime | None, other: datetime | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= MILLISECOND


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_calls(now: datetime) -> None:
    stage = stages.reserved(now + HOUR, now, devices=200)
    operations.start_stage(stage.pk, now=stage.starts_at)
    operations.call_devices(stage.pk, now=stage.starts_at)
    what = ("answer", "answered_at", "overridden_at", "power_w")
    first = list(LecCall.objects.order_by("nic_id").values_list(*what))

    again = stages.reserved(now + HOUR, now, devices=200)
    type(again).objects.filter(pk=stage.pk).update(stage_uid=uuid4())
    type(again).objects.filter(pk=again.pk).update(stage_uid=stage.stage_uid)
    operations.start_stage(again.pk, now=stage.starts_at)
    operations.call_devices(again.pk, now=stage.starts_at)

    calls = LecCall.objects.filter(stage_id=again.pk).order_by("nic_id")
    assert list(calls.values_list(*what)) == first


any_profile = st.builds(
    HeadEndProfile,
    seed=st.integers(-(2**31), 2**31 - 1),
    answer_seconds=st.floats(0.01, 600),
    offline_share=st.floats(0, 0.5),
    reject_share=st.floats(0, 0.5),
    overrides_per_hour=st.floats(0, 20),
)


def _one(profile: HeadEndProfile, device: str = "HE1/N1", watts: int = 1000) -> Behaviour:
    return behave(profile, device=device, stage="s", nominal_w=watts, called_at=NOON, ends_at=NOON + HOUR)


@given(any_profile, st.text(max_size=20), st.integers(0, 100_000))
def test_a_behaviour_is_possible_and_always_the_same(profile: HeadEndProfile, device: str, watts: int) -> None:
    said = _one(profile, device, watts)

    assert said == _one(profile, device, watts)
    assert 0 <= said.power_w <= math.floor(1.15 * watts)
    assert (said.answered_at is None) == (said.answer == Answer.SILENT)
    if said.answered_at is not None:
        assert said.answered_at >= NOON
    if said.overridden_at is not None:
        assert said.answer == Answer.TAKES_PART
        assert NOON <= said.overridden_at <= NOON + HOUR
    if said.answer != Answer.TAKES_PART:
        assert said.power_w == 0


def test_shares_and_means_are_what_the_profile_says() -> None:
    profile = HeadEndProfile(answer_seconds=10, offline_share=0.2, reject_share=0.1, overrides_per_hour=0.5)

    said = [_one(profile, f"HE1/N{n}") for n in range(5000)]

    share = {answer: sum(one.answer == answer for one in said) / len(said) for answer in Answer}
    assert share[Answer.SILENT] == pytest.approx(0.2, abs=0.02)
    assert share[Answer.REJECTED] == pytest.approx(0.1, abs=0.02)
    waits = [(one.answered_at - NOON).total_seconds() for one in said if one.answered_at]
    assert sum(waits) / len(waits) == pytest.approx(10, rel=0.1)
    taking = [one for one in said if one.answer == Answer.TAKES_PART]
    overridden = sum(one.overridden_at is not None for one in taking) / len(taking)
    assert overridden == pytest.approx(1 - math.exp(-0.5), abs=0.03)


def test_other_devices_stages_and_seeds_draw_other_numbers() -> None:
    several = [draws(1, "HE1/N1", "s"), draws(2, "HE1/N1", "s"), draws(1, "HE1/N2", "s"), draws(1, "HE1/N1", "t")]

    assert len({tuple(one) for one in several}) == 4
    assert all(0 <= number < 1 for one in several for number in one)


def test_a_device_that_answers_tends_to_answer_again() -> None:
    """In half of the calls a device decides by itself, so two of its calls agree more often than by chance."""
    profile = HeadEndProfile(offline_share=0.3, reject_share=0)

    def is_silent(device: int, stage: str) -> bool:
        call = {"nominal_w": 1000, "called_at": NOON, "ends_at": NOON + HOUR}
        return behave(profile, device=f"HE1/N{device}", stage=stage, **call).answer == Answer.SILENT

    pairs = [(is_silent(n, "one"), is_silent(n, "other")) for n in range(5000)]
    once, twice = sum(first for first, _ in pairs) / 5000, sum(first and second for first, second in pairs) / 5000
    assert once == pytest.approx(0.3, abs=0.02)
    # Both calls decided by the device: a quarter of the pairs.
    assert twice == pytest.approx(0.25 * 0.3 + 0.75 * 0.09, abs=0.015)


def test_the_power_held_does_not_depend_on_an_override() -> None:
    steady = HeadEndProfile(offline_share=0, reject_share=0, overrides_per_hour=0)
    nervous = HeadEndProfile(offline_share=0, reject_share=0, overrides_per_hour=50)

    held, cut = _one(steady), _one(nervous)

    assert cut.overridden_at is not None
    assert cut.power_w == held.power_w
