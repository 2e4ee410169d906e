"""The limits that are counted over all devices at once equal a plain reading of one device's uses."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from derms.models import Device, Event, Program, Removal, Stage
from derms.set_operations.choosing import Chosen
from derms.set_operations.uses import keep_uses
from integration.seam.program_rules import FIELDS
from tests import factories

from .plain_limits import Use, plain_limit
from .test_selection_rules import another_event, obeying

pytestmark = pytest.mark.django_db

REASONS = {field.name: f"rule: {field.rule.reason}" for field in FIELDS}
# Half hours from the stage's start and minutes of length; most uses are within a few hours or days of it.
STARTS = st.one_of(st.integers(-12, 12), st.integers(-4 * 48, 4 * 48))
USES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.booleans(),
        STARTS,
        st.sampled_from([30, 60, 120]),
        st.sampled_from([None, None, 0, 15, 60, 121]),
        st.sampled_from(["", "", "released", "removed"]),
    ),
    max_size=5,
)
LIMITS: st.SearchStrategy[dict[str, int]] = st.fixed_dictionaries(
    {},
    optional={
        "events_per_day": st.integers(0, 2),
        "events_per_week": st.integers(0, 3),
        "hours_per_week": st.integers(0, 5),
        "gap_minutes": st.sampled_from([0, 1, 30, 60, 61, 180]),
        "consecutive_days": st.integers(1, 3),
    },
)


@settings(max_examples=60)
@given(drawn=USES, limits=LIMITS, are_kept=st.booleans())
def test_a_device_is_left_out_for_the_limit_that_its_uses_break(
    drawn: list[tuple[Any, ...]],
    limits: dict[str, int],
    are_kept: bool,
    device: Callable[..., Device],
    choose: Callable[..., Chosen],
    program: Program,
    event: Event,
    noon: datetime,
) -> None:
    with transaction.atomic():
        obeying(program, **limits)
        made, other = device(), factories.program("OTHER")
        uses = [_use(noon, *one) for one in drawn]
        events = [event, another_event(event), another_event(event)]
        for use in uses:
            stage = _reserve(use, made, events[use.event], program if use.is_own_program else other)
            if are_kept:
                keep_uses(stage.pk)

        broken = plain_limit(limits, uses, noon)

        assert choose().left_out == ({REASONS[broken]: 1} if broken else {})
        transaction.set_rollback(True)


def _use(noon: datetime, event: int, is_own: bool, start: int, length: int, ran: int | None, left: str) -> Use:
    ran_for = None if ran is None else timedelta(minutes=ran)
    starts_at = noon + start * timedelta(minutes=30)
    return Use(event, is_own, starts_at, timedelta(minutes=length), ran_for, left)


def _reserve(use: Use, device: Device, event: Event, program: Program) -> Stage:
    ends_at = use.starts_at + use.length
    times = {} if use.ran is None else {"started_at": use.starts_at, "ended_at": use.starts_at + use.ran}
    stage = factories.reserved_stage(event, program, use.starts_at, ends_at, device, state="Completed", **times)
    if use.left:
        Removal.objects.create(
            stage_uid=stage.uid, head_end=device.head_end.code, nic_id=device.nic_id, reason="opt-out",
            requested_at=use.starts_at, answer=use.left, answered_at=use.starts_at + use.length / 2,
        )  # fmt: skip
    return stage
