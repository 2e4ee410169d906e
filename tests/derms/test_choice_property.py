"""A choice in SQL over all devices equals the rules read device by device, whatever is known of the devices."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from math import inf
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from derms.choices import CallOrder
from derms.models import Availability, ControlZone, Device, Event, HeadEnd, Program, ReductionFactor, Stage
from derms.set_operations.choosing import choose_devices, reserve_devices
from integration.seam import clock, sql
from tests import factories

from .plain_choice import SHARES, Known, plain_choice
from .test_selection_rules import another_event

pytestmark = pytest.mark.django_db
Fleet = Callable[[list[Known]], dict[int, Known]]

RESERVED = "SELECT device_id, expected_w, nominal_w FROM derms_reservation WHERE stage_id = %s"
HEAD_ENDS_PM = (1000, 600)
# Of each pair some devices have the one, some the other; most lie on both sides of a limit.
PAIRS: dict[str, list[tuple[Any, Any]]] = {
    "rate": [(785, 790), (790, 800), (0, 800), (800, 1500)],
    "n": [(0, 40), (40, 40)],
    "device_class": [("thermostat", "thermostat"), ("thermostat", "water_heater"), ("thermostat", "ev_charger")],
    "rated_w": [(1000, 1000), (1000, 1040), (1000, 5000), (24_900, 25_000), (1, 1000)],
    "head_end_pm": [(1000, 1000), (1000, 600)],
    "is_this_season": [(True, True), (True, False)],
    "counted_events": [(0, 1), (22, 23), (23, 24), (24, 25), (31, 32), (32, 33), (98, 99), (99, 100)],
    "coming_events": [(0, 0), (0, 1), (1, 2), (0, 5)],  # more than are joined one by one
    "days": [(0, 1), (13, 14), (14, 15), (47, 48), (48, 49), (49, 50), (1, 400)],
    "silent_run": [(0, 0), (2, 3), (0, 3)],
}


def made_up(seed: int) -> list[Known]:
    """Devices that differ in two values of each kind, so that every part of an order decides now and then."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    few = {name: chance.choice(pairs) for name, pairs in PAIRS.items()}
    found = []
    for _ in range(12):
        facts: dict[str, Any] = {name: chance.choice(values) for name, values in few.items()}
        found.append(Known(total=facts["n"] * facts.pop("rate") / 1000, **facts))
    return found


@pytest.fixture
def fleet(zone: ControlZone, event: Event, program: Program, device: Callable[..., Device], noon: datetime) -> Fleet:
    """Devices of which this is known, by their ids; events that come hold those of which some do."""
    for kind, share in SHARES.items():
        ReductionFactor.objects.filter(zone=zone, device_class=kind).update(factor=share)
    head_ends = {pm: HeadEnd.objects.create(code=f"PM{pm}", name=f"{pm} per mille") for pm in HEAD_ENDS_PM}
    # (5 + 1) / (5 + 5) of what the second one has.
    Availability.objects.create(head_end=head_ends[600], n=5, total=1, faded_at=noon)

    def make(known: list[Known]) -> dict[int, Known]:
        found = {}
        for one in known:
            facts = {"device_class": one.device_class, "rated_w": one.rated_w, "head_end": head_ends[one.head_end_pm]}
            made = device(**facts)
            found[made.pk] = one
            use = {"events": one.counted_events, "n": one.n, "total": one.total, "silent_run": one.silent_run}
            factories.used(made, before=noon, days=one.days, **use)
            if not one.is_this_season:
                sql.execute("UPDATE derms_candidate SET season = season - 1 WHERE device_id = %s", [made.pk])
        for number in range(1, 1 + max(one.coming_events for one in known)):
            held = Device.objects.filter(pk__in=[pk for pk, one in found.items() if one.coming_events >= number])
            window = noon + number * timedelta(hours=3), noon + number * timedelta(hours=3, minutes=20)
            factories.reserved_stage(another_event(event), program, *window, *held)
        return found

    return make


@pytest.mark.parametrize("examples", [25, pytest.param(500, marks=pytest.mark.full)])
def test_the_choice_is_what_the_rules_say_of_each_device(examples: int, fleet: Fleet, stage: Stage) -> None:
    @settings(max_examples=examples)
    @given(
        known=st.integers(0, 1 << 32).map(made_up),
        order=st.sampled_from(CallOrder.values),
        goal_pct=st.integers(5, 105),
        margin_pct=st.sampled_from([0, 5, 100]),
    )
    def choose(known: list[Known], order: str, goal_pct: int, margin_pct: int) -> None:
        goal_w = sum(one.expected_w for one in known if not one.left_out) * goal_pct // 100
        _is_as_the_rules_say(fleet, stage, known, order, goal_w, margin_pct)

    choose()


def _is_as_the_rules_say(
    fleet: Fleet, stage: Stage, known: list[Known], order: str, goal_w: int, margin_pct: int
) -> None:
    now = clock.now()
    with transaction.atomic():
        devices = fleet(known)
        Event.objects.filter(pk=stage.event_id).update(call_order=order)
        fresh = Stage.objects.select_related("event__zone", "event__type", "program").get(pk=stage.pk)
        fresh.event.type.reserve_margin_pct = margin_pct

        looked_at = choose_devices(fresh, goal_kw=goal_w / 1000, now=now)
        chosen = reserve_devices(fresh, goal_kw=goal_w / 1000, now=now)

        rows = sql.rows(RESERVED, [stage.pk])
        plain = plain_choice(devices, order, round(goal_w * (1 + margin_pct / 100)))
        assert {(pk, devices[pk].expected_w, devices[pk].nominal_w) for pk in plain} == set(rows)
        why = Counter(one.left_out for one in devices.values() if one.left_out)
        why["not needed"] = len(devices) - len(plain) - why.total()
        watts = Counter[str]()
        for pk, one in devices.items():
            if pk not in plain:
                watts[one.left_out or "not needed"] += one.expected_w
        assert looked_at == chosen
        assert chosen[:3] == (len(plain), sum(devices[pk].expected_w for pk in plain), +why)
        assert +Counter(chosen.left_out_w) == +watts
        transaction.set_rollback(True)


@pytest.mark.parametrize("examples", [20, pytest.param(300, marks=pytest.mark.full)])
def test_no_more_is_reserved_than_was_approved(examples: int, fleet: Fleet, stage: Stage) -> None:
    @settings(max_examples=examples)
    @given(
        known=st.integers(0, 1 << 32).map(made_up),
        order=st.sampled_from(CallOrder.values),
        goal_w=st.none() | st.integers(0, 30_000),
        approved=st.tuples(st.integers(0, 13), st.integers(0, 40_000)),
    )
    def reserve(known: list[Known], order: str, goal_w: int | None, approved: tuple[int, int]) -> None:
        _keeps_to_what_was_approved(fleet, stage, known, order, goal_w, approved)

    reserve()


def _keeps_to_what_was_approved(
    fleet: Fleet, stage: Stage, known: list[Known], order: str, goal_w: int | None, approved: tuple[int, int]
) -> None:
    now = clock.now()
    with transaction.atomic():
        devices = fleet(known)
        Event.objects.filter(pk=stage.event_id).update(call_order=order)
        fresh = Stage.objects.select_related("event__zone", "event__type", "program").get(pk=stage.pk)
        fresh.event.type.reserve_margin_pct, fresh.event.type.approved_cap_pct = 0, 100
        fresh.expected_devices, fresh.expected_w = approved

        chosen = reserve_devices(fresh, goal_kw=None if goal_w is None else goal_w / 1000, now=now)

        most = {"most_devices": approved[0], "most_w": approved[1]}
        plain = plain_choice(devices, order, inf if goal_w is None else goal_w, **most)
        assert plain == {pk for pk, *_ in sql.rows(RESERVED, [stage.pk])}
        eligible = sum(not one.left_out for one in known)
        is_met = goal_w is not None and chosen.watts >= goal_w
        others = {"not needed" if is_met else "above what was approved": eligible - len(plain)}
        assert (chosen.left_out.items() >= others.items()) is (eligible > len(plain))
        transaction.set_rollback(True)
