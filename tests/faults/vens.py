"""Vens that are told late: one is offline over a cancel, one listens to a broker that is killed."""

import random
import time
from functools import partial
from typing import Any, NamedTuple

from django.db.models import QuerySet

from examples.ven import OFF, Vtn
from integration.console.models import User
from integration.console.service_accounts import add_account, make_secret
from integration.seam import clock
from integration.seam.models import Alert
from lec_sim.choices import OPENADR
from lec_sim.models import Broker, HeadEndProfile, LecStage
from lec_sim.operations.head_ends import set_reach
from lec_sim.queries.mqtt import announcements_to_publish
from lec_sim.queries.openadr import CANCEL_NOT_READ
from tests.faults import figures
from tests.faults.driver import Driver, Fleet, Planned
from tests.faults.row import Row
from tests.faults.system import System, patiently
from tests.openadr.brokers import Listener, Mosquitto

BY = "fault suite"
SCOPES = ["read_targets", "read_ven_objects", "write_reports"]
SOON_S, LONG_S, HOUR_S = 45.0, 900.0, 3600.0
ALERT_S = 120.0  # a minute to read it, and the work of the clock
AWARE_S, CAUGHT_UP_S = 10.0, 60.0


class Ven:
    """A client, and its fleets, each behind a head end of its own that is reached by OpenADR."""

    def __init__(self, system: System, *codes: str) -> None:
        owner, now = User.objects.get(username="faults.operator"), clock.now()
        account = add_account({"name": f"Ven {codes[0]}", "owner": owner, "scopes": SCOPES}, by=BY, now=now)
        secret = make_secret(client_id=account.client_id, by=BY, now=now)
        self.client_id = account.client_id
        self.fleets = [Fleet(code, now, head_end=code) for code in codes]
        for code in codes:
            HeadEndProfile.objects.get_or_create(head_end=code)
            set_reach(head_end=code, driver=OPENADR, client=account.client_id, by=BY, now=now)
        self.vtn = Vtn(f"http://127.0.0.1:{system.web}", account.client_id, secret)

    def read(self) -> dict[str, Any]:
        """Its events as it reads them now, by number, with all of the devices that they call."""
        self.vtn.etags.clear()
        found: list[dict[str, Any]] = patiently(lambda: self.vtn.get("events"))
        for event in found:
            patiently(lambda event=event: self.vtn.devices_of(event["targets"][0]))
        return {event["eventName"].partition("/")[0]: event for event in found}

    def knows(self, events: list[Planned]) -> bool:
        """Whether it reads all of them."""
        return {event.number for event in events} <= self.read().keys()


def ven_offline(system: System, driver: Driver, stages: int) -> Row:
    """It knows of stages, one of which runs, and is away while all are canceled and another one's start passes."""
    ven = patiently(lambda: Ven(system, "VENA", "VENB"))
    running = driver.prepare(ven.fleets[0], events=1, ahead_s=SOON_S, length_s=LONG_S)
    coming = driver.prepare(ven.fleets[1], events=stages - 1, ahead_s=2 * SOON_S, length_s=LONG_S)
    events = [*running, *coming]
    knew = figures.seconds_until(lambda: ven.knows(events), most=2 * AWARE_S) < 2 * AWARE_S
    runs = figures.seconds_until(lambda: _stages(running).filter(called__gt=0).exists(), most=2 * SOON_S) < 2 * SOON_S
    # From here on it is offline.
    canceled = sum(driver.cancel(event) for event in events)
    alerted = figures.seconds_until(lambda: _alerts(events).count() == len(events), most=ALERT_S)
    late = max((event.starts_at for event in coming[:1]), default=figures.now()) - figures.now()
    time.sleep(max(0.0, late.total_seconds()))

    back = ven.read()
    on = [number for number, event in back.items() if event["intervalPeriod"]["duration"] != OFF]
    closed = figures.seconds_until(lambda: not _alerts(events).filter(closed_at=None).exists(), most=AWARE_S)
    called = patiently(lambda: _stages(coming).filter(called__gt=0).count())
    alive = patiently(lambda: _stages(events).exclude(state="Canceled").count())
    return Row(
        f"VEN offline over the cancel of {stages} stages, one of which runs, the start of another passes",
        stages,
        f"an alert of each <= {ALERT_S:.0f} s; back, it reads each as off, and the alerts close; nothing runs",
        f"{canceled} canceled, alerts after {alerted:.0f} s; back, it read {len(back)}, {len(on)} of them on, alerts"
        f" closed after {closed:.1f} s; {called} called after the cancel, {alive} not over",
        knew and runs and canceled == len(events) == stages and alerted < ALERT_S and closed < AWARE_S
        and not on and len(back) == stages and not called and not alive,
        ("I1", "I2", "I11"),
    )  # fmt: skip


class Course(NamedTuple):
    """The stages so far, those of them that are not canceled, and the seconds until each was polled."""

    events: list[Planned]
    coming: list[Planned]
    polled: list[float]


def _kill_once(
    driver: Driver, ven: Ven, broker: Mosquitto, listener: Listener, course: Course, *, cancels: bool
) -> None:
    """Kill the broker, perhaps while it hears of a cancel, and start it again once a stage was published and polled."""
    if cancels and course.coming:
        driver.cancel(course.coming.pop())
        time.sleep(random.uniform(0, 0.5))  # noqa: S311  (a moment, no secret)
    broker.kill()
    listener.forget_connection()
    made = driver.prepare(ven.fleets[0], events=1, ahead_s=HOUR_S, length_s=60)
    course.events.extend(made)
    course.coming.extend(made)
    course.polled.append(figures.seconds_until(partial(ven.knows, course.events), most=2 * AWARE_S))
    broker.start()


def broker_killed(system: System, driver: Driver, kills: int) -> Row:
    """Stages are published while the broker for MQTT is dead, and changed around its end; the ven polls, too."""
    broker = system.mqtt
    if broker is None:
        return Row("broker for MQTT killed", kills, "", "mosquitto is not installed: apt-get install mosquitto", False)
    ven = patiently(lambda: Ven(system, "MQTT"))
    broker.kill()
    broker.add(ven.client_id)
    broker.start()
    listener, course = Listener(broker, ven.client_id, "#"), Course([], [], [])
    for n in range(kills):
        _kill_once(driver, ven, broker, listener, course, cancels=bool(n % 2))
    events, coming, polled = course
    listener.is_ready()
    caught_up = figures.seconds_until(_nothing_waits, most=CAUGHT_UP_S)
    for event in coming:
        driver.cancel(event)
    told = figures.seconds_until(
        lambda: all(_heard(listener).get(one.number) == OFF for one in coming), most=CAUGHT_UP_S
    )
    read = {number: event["intervalPeriod"]["duration"] for number, event in ven.read().items()}
    lost = [event.number for event in events if event.number not in read]
    by_notice = sum(_heard(listener).get(number) == duration for number, duration in read.items())
    listener.close()
    failing = patiently(lambda: Broker.objects.filter(failures__gt=0).exists())
    return Row(
        "broker for MQTT killed and started again, while stages are published and canceled",
        kills,
        f"each stage can be polled meanwhile, nothing waits <= {CAUGHT_UP_S:.0f} s after the last start; then heard",
        f"{len(lost)} lost of {len(events)}; polled after at most {max(polled):.1f} s, {by_notice} heard, too;"
        f" nothing waited after {caught_up:.0f} s, {len(coming)} further changes were heard after {told:.1f} s",
        len(events) == kills and not lost and max(polled) < 2 * AWARE_S and caught_up < CAUGHT_UP_S
        and bool(coming) and told < CAUGHT_UP_S and not failing,
        ("I1", "I2"),
    )  # fmt: skip


def _stages(events: list[Planned]) -> "QuerySet[LecStage]":
    return LecStage.objects.filter(event_number__in=[event.number for event in events])


def _alerts(events: list[Planned]) -> "QuerySet[Alert]":
    return Alert.objects.filter(kind=CANCEL_NOT_READ, stage_uid__in=_stages(events).values("stage_uid"))


def _nothing_waits() -> bool:
    return not announcements_to_publish(clock.now(), most=1)


def _heard(listener: Listener) -> dict[str, str]:
    """The duration of each event as the latest notice of it has it, by number."""
    found = [content["object"] for _topic, content in list(listener.heard) if content["objectType"] == "EVENT"]
    return {one["eventName"].partition("/")[0]: one["intervalPeriod"]["duration"] for one in found}
