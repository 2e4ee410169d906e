"""Whatever people, devices and systems do, in whatever order messages arrive, the invariants hold in the end."""

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, TypeVar

import pytest
from django.db import transaction
from django.utils.module_loading import import_string
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from cpm import operations as cpm
from cpm.models.customers import Device, Subscription
from cpm.models.program_events import ProgramEvent
from cpm.models.unavailability import Unavailability
from derms import operations as derms
from derms.models import Event, Stage
from integration.commands.verify import Violation, violations
from integration.console.models import User
from integration.seam.delivery import NotYet, deliver
from integration.seam.models import Delivery
from integration.seam.refusals import Refused
from integration.seam.routes import ROUTES
from integration.seam.settling import settle
from lec_sim import operations as lec
from lec_sim.models import LecStage
from tests import factories
from tests.removals.conftest import allow_leaving

HOUR = timedelta(hours=1)
DEVICES = 6
ANY = st.integers(0, 5)
SELDOM = st.sampled_from([False, False, True])
T = TypeVar("T")


def pick(some: Sequence[T], number: int) -> T:
    return some[number % len(some)]


class Course(RuleBasedStateMachine):
    """One utility with six devices, and up to two events of two stages that may overlap."""

    operator: User
    approver: User
    now: datetime
    runs = itertools.count()
    # Courses share a database: what one leaves behind must not be blamed on the next, or nothing can be shrunk.
    blamed: ClassVar[set[Violation]] = set()

    def __init__(self) -> None:
        super().__init__()
        tag = f"Z{next(self.runs)}"
        self.zone = factories.zone(tag)
        factories.forecast(self.zone, self.now, hours=8)
        self.program = factories.program(tag)
        factories.fleet(self.zone, self.program, DEVICES, since=self.now - 24 * HOUR, prefix=f"{tag}N")
        self.plan = factories.strategy(self.zone, self.program, stages=2)
        allow_leaving()
        self.devices = list(Device.objects.filter(location__zone=tag).order_by("pk"))
        self.events: list[Event] = []

    def stages(self) -> list[Stage]:
        return list(Stage.objects.filter(event__in=self.events).order_by("pk"))

    def executions(self) -> list[LecStage]:
        return list(LecStage.objects.filter(event_uid__in=[e.uid for e in self.events]).order_by("pk"))

    def program_events(self) -> list[ProgramEvent]:
        return list(ProgramEvent.objects.filter(event_uid__in=[e.uid for e in self.events]).order_by("pk"))

    def attempt(self, act: Callable[..., Any], **given: Any) -> None:
        """A refused action changes nothing."""
        with suppress(Refused):
            act(**given)

    @initialize(known=st.sampled_from([False, True, True, True]), later=st.sampled_from([0, 30]))
    def begin_late(self, known: bool, later: int) -> None:
        """Most courses start with an event that all three systems know: what goes wrong goes wrong later."""
        self.create(later)
        if known:
            self.advance(0)
            settle()

    @precondition(lambda self: len(self.events) < 2)
    @rule(later=st.sampled_from([0, 30, 60]))
    def create(self, later: int) -> None:
        made = derms.create_event(
            strategy_id=self.plan.pk,
            starts_at=self.now + 2 * HOUR + timedelta(minutes=later),
            by=self.operator,
            now=self.now,
            details=derms.EventDetails(name="Any"),
        )
        self.events.append(made)

    @precondition(lambda self: self.events)
    @rule(event=ANY, minutes=st.sampled_from([-15, 15]))
    def edit(self, event: int, minutes: int) -> None:
        picked = pick(self.events, event)
        self.attempt(factories.shift_stages, event=picked, by_minutes=minutes, by=self.operator, now=self.now)

    @precondition(lambda self: self.events)
    @rule(
        event=ANY,
        act=st.sampled_from(["submit_event", "withdraw_event", "approve_event", "schedule_event_again"]),
        by_operator=st.booleans(),
    )
    def decide(self, event: int, act: str, by_operator: bool) -> None:
        by = self.operator if by_operator or act != "approve_event" else self.approver
        self.attempt(getattr(derms, act), event_id=pick(self.events, event).pk, by=by, now=self.now)

    @precondition(lambda self: self.events)
    @rule(event=ANY)
    def deny(self, event: int) -> None:
        self.attempt(
            derms.deny_event, event_id=pick(self.events, event).pk, by=self.approver, now=self.now, reason="No"
        )

    @precondition(lambda self: self.events)
    @rule(event=ANY)
    def advance(self, event: int) -> None:
        """Move an event on, so that most courses get far."""
        given = {"event_id": pick(self.events, event).pk, "now": self.now}
        self.attempt(derms.submit_event, by=self.operator, **given)
        self.attempt(derms.approve_event, by=self.approver, **given)
        derms.schedule_event(given["event_id"], now=self.now)

    @precondition(lambda self: self.events)
    @rule(event=ANY)
    def schedule(self, event: int) -> None:
        derms.schedule_event(pick(self.events, event).pk, now=self.now)

    @precondition(lambda self: self.stages())
    @rule(stage=ANY)
    def write_extract(self, stage: int) -> None:
        derms.write_reservation_extract(pick(self.stages(), stage).pk, now=self.now)

    @precondition(lambda self: self.events)
    @rule(event=ANY, really=SELDOM)
    def cancel_event(self, event: int, really: bool) -> None:
        pk = pick(self.events, event).pk
        if really:
            self.attempt(derms.cancel_event, event_id=pk, by=self.operator, now=self.now, reason="Storm")

    @precondition(lambda self: self.stages())
    @rule(stage=ANY, really=SELDOM)
    def cancel_stage(self, stage: int, really: bool) -> None:
        pk = pick(self.stages(), stage).pk
        if really:
            self.attempt(derms.cancel_stage, stage_id=pk, by=self.operator, now=self.now, reason="Hail")

    @precondition(lambda self: self.program_events())
    @rule(stage=ANY, device=ANY)
    def opt_out(self, stage: int, device: int) -> None:
        self.attempt(
            cpm.opt_out_device,
            program_event_id=pick(self.program_events(), stage).pk,
            device_id=pick(self.devices, device).pk,
            by="cora",
            now=self.now,
        )

    @rule(device=ANY, begins=st.integers(0, 4))
    def be_unavailable(self, device: int, begins: int) -> None:
        starts_at = self.now + begins * HOUR
        self.attempt(
            cpm.schedule_unavailability,
            device_ids=[pick(self.devices, device).pk],
            starts_at=starts_at,
            ends_at=starts_at + HOUR,
            reason="Away",
            by="cora",
            now=self.now,
        )

    @rule(period=ANY, shorten=st.booleans())
    def change_unavailability(self, period: int, shorten: bool) -> None:
        periods = list(Unavailability.objects.filter(device__in=self.devices).order_by("pk"))
        if not periods:
            return
        one = pick(periods, period)
        if shorten:
            self.attempt(
                cpm.change_unavailability,
                uid=one.uid,
                starts_at=one.starts_at,
                ends_at=one.starts_at + HOUR / 2,
                reason="Back early",
                by="cora",
                now=self.now,
            )
        else:
            self.attempt(cpm.cancel_unavailability, uid=one.uid, by="cora", now=self.now)

    @rule(device=ANY)
    def leave(self, device: int) -> None:
        subscription = Subscription.objects.filter(subscribed_devices__device=pick(self.devices, device)).get()
        self.attempt(cpm.end_enrollment, subscription_id=subscription.pk, now=self.now)

    @precondition(lambda self: self.executions())
    @rule(stage=ANY, act=st.sampled_from(["start_stage", "call_devices", "end_stage", "hand_over_outcomes"]))
    def execute(self, stage: int, act: str) -> None:
        one = pick(self.executions(), stage)
        if act == "end_stage":
            self.end(one)
        else:
            getattr(lec, act)(one.pk, now=one.starts_at if act in ("start_stage", "call_devices") else one.ends_at)

    def end(self, one: LecStage) -> None:
        """End a stage as LEC does if it lives: what was started is called before. I11 reports if it wasn't."""
        lec.call_devices(one.pk, now=one.starts_at)
        lec.end_stage(one.pk, now=one.ends_at)

    @precondition(lambda self: self.executions())
    @rule(stage=ANY, really=SELDOM)
    def miss(self, stage: int, really: bool) -> None:
        one = pick(self.executions(), stage)
        if really:
            lec.miss_stage(one.pk, now=one.ends_at)

    @precondition(lambda self: self.executions())
    @rule(stage=ANY)
    def run(self, stage: int) -> None:
        one = pick(self.executions(), stage)
        lec.start_stage(one.pk, now=one.starts_at)
        lec.call_devices(one.pk, now=one.starts_at)

    @precondition(lambda self: self.stages())
    @rule(stage=ANY)
    def close(self, stage: int) -> None:
        """The outcome time-out passes before the raw outcomes arrive."""
        one = pick(self.stages(), stage)
        if one.state in ("Completed", "Canceled"):
            derms.close_stage(one.pk, now=one.ends_at)

    @rule(number=st.integers(0, 50), times=st.integers(1, 2))
    def message_arrives(self, number: int, times: int) -> None:
        if arriving := list(Delivery.objects.filter(Delivery.OPEN).order_by("pk")):
            one = pick(arriving, number)
            for _ in range(times):
                deliver(one.pk, one.attempt)

    @rule(number=st.integers(0, 50))
    def small_message_arrives_again(self, number: int) -> None:
        """Somebody sends again what was applied long ago."""
        applied = Delivery.objects.filter(delivered_at__isnull=False, queue="small").order_by("-pk")[:30]
        if not applied:
            return
        one = pick(list(applied), number)
        handler = next(r.handler for r in ROUTES[one.message.kind] if r.receiver == one.receiver)
        with suppress(NotYet), transaction.atomic():
            import_string(handler)(one.message.body)

    @rule(seed=st.integers(0, 1000))
    def messages_arrive_in_any_order(self, seed: int) -> None:
        arriving = list(Delivery.objects.filter(Delivery.OPEN).order_by("pk"))
        Random(seed).shuffle(arriving)  # noqa: S311  (an order, no secret)
        for one in arriving:
            deliver(one.pk, one.attempt)

    def teardown(self) -> None:
        settle()
        for one in self.executions():
            if len(self.events) == 1:
                lec.start_stage(one.pk, now=one.starts_at)
            self.end(one)
        settle()
        assert not Delivery.objects.filter(delivered_at=None).exists()
        new = set(violations(rest=timedelta(0))) - self.blamed
        self.blamed.update(new)
        assert sorted(new) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("courses", "steps"),
    [pytest.param(5, 30, id="few"), pytest.param(300, 60, id="many", marks=pytest.mark.full)],
)
def test_the_invariants_hold_after_any_course(
    courses: int, steps: int, operator: User, approver: User, now: datetime
) -> None:
    machine = type("AnyCourse", (Course,), {"operator": operator, "approver": approver, "now": now, "blamed": set()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=courses,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
