"""Processes that are killed while they work."""

import random
import threading
import time
from http.client import HTTPException
from uuid import uuid4

from derms.models import Event
from integration.commands.management.commands.up import answers_within
from tests.faults import figures
from tests.faults.driver import Driver, Planned, as_seen
from tests.faults.journal import Confirmed
from tests.faults.row import Row
from tests.faults.system import SCHEDULERS, WORKERS, System, patiently
from tests.processes import eventually

P99_S, LATEST_START_S = 3.0, 2.0
REST_S = 30.0
BACK_S = 60.0
FIRST_AIM_S = 0.1


def kill_workers(system: System, driver: Driver, workers: int, sweeps: int) -> Row:
    """Kill workers, whole or one of their processes, and a scheduler in between, whose sweep finds what died."""
    since = figures.now()
    for n in range(workers):
        system.kill_some_process(random.choice(list(WORKERS)))  # noqa: S311  (a victim, no secret)
        if n * sweeps // workers != (n + 1) * sweeps // workers:
            _kill_one_scheduler(system, n)
        time.sleep(random.uniform(1.0, 3.0))  # noqa: S311
    until = figures.now()
    figures.seconds_until(lambda: figures.open_since(since, until) == 0, most=REST_S)
    lost, speed = figures.open_since(since, until), figures.speed(since)
    return Row(
        "kill -9 a worker / the sweep",
        workers + sweeps,
        f"0 lost, 0 doubled, p99 <= {P99_S:.0f} s",
        f"{lost} lost of {speed.messages}, p99 {speed.p99:.1f} s, longest {speed.longest:.1f} s",
        lost == 0 and speed.messages > 0 and speed.p99 <= P99_S,
        ("I1", "I2", "I3", "I4", "I5", "I9"),
    )


def kill_schedulers(system: System, driver: Driver, dose: int) -> Row:
    """One of two, then the other: one is always running, and neither is special."""
    since = figures.now()
    for n in range(dose):
        _kill_one_scheduler(system, n)
        time.sleep(random.uniform(1.0, 2.0))  # noqa: S311  (a moment, no secret)
    back = figures.seconds_until(lambda: system.schedulers_running() == len(SCHEDULERS), most=BACK_S)
    # A few seconds of faults may lie between two starts; the next one shows whether a scheduler is at work.
    figures.seconds_until(lambda: figures.lateness(since).starts > 0, most=REST_S)
    late = figures.lateness(since)
    return Row(
        "kill -9 a scheduler, one of two",
        dose,
        f"latest start <= {LATEST_START_S:.0f} s, both back",
        f"latest of {late.starts} starts {late.latest:.1f} s, {late.early} early",
        late.starts > 0 and late.early == 0 and late.latest <= LATEST_START_S and back < BACK_S,
        ("I5", "I6", "I7"),
    )


def kill_web(system: System, driver: Driver, dose: int) -> Row:
    """The web process dies inside POST approve; the same form sent again to another one gets the same answer."""
    kills, aim = [], FIRST_AIM_S
    for _ in range(dose):
        kills.append(_kill_inside_approve(system, driver, aim))
        # Later if nothing was done yet, sooner if everything was, so that it hits around the commit.
        aim *= 0.85 if kills[-1].had_acted or not kills[-1].was_cut else 1.2
    wrong = [one for one in kills if not one.is_whole]
    cut = sum(one.was_cut for one in kills)
    return Row(
        "kill web inside POST approve",
        dose,
        "0 half-approved; same key, same answer",
        f"{len(wrong)} wrong; {cut} cut off before the answer, {sum(one.had_acted for one in kills)} of them had acted",
        not wrong and cut > 0,
        ("I1", "I5", "I9"),
    )


class _Kill:
    """One approval and what became of it."""

    def __init__(self, event: Planned) -> None:
        self.event, self.key, self.fields = event, uuid4(), as_seen(event.number)
        self.was_cut = self.had_acted = self.is_whole = False

    def send(self, driver: Driver, port: int) -> None:
        try:
            driver.approver.at(port).post(f"/events/{self.event.number}/approve/", {**self.fields}, self.key)
        except (OSError, HTTPException):
            self.was_cut = True


def _kill_inside_approve(system: System, driver: Driver, aim_s: float) -> _Kill:
    event = None
    while event is None:
        event = driver.plan(driver.aside, ahead_s=600, length_s=30)
    kill = _Kill(event)
    answers_within(BACK_S, system.doomed_web)  # so that it has warmed up, too
    sending = threading.Thread(target=kill.send, args=[driver, system.doomed_web])
    sending.start()
    time.sleep(aim_s * random.uniform(0.6, 1.2))  # noqa: S311  (a moment, no secret)
    system.kill_serving_child()
    sending.join()
    kill.had_acted = kill.was_cut and _approvals(event) == 1
    answers = [_again(driver, kill) for _ in range(2)]
    kill.is_whole = answers == [f"/events/{event.number}/"] * 2 and _approvals(event) == 1
    driver.cancel(event)
    return kill


def _again(driver: Driver, kill: _Kill) -> str:
    at, number = time.monotonic(), kill.event.number
    answer = driver.approver.post_until_answered(f"/events/{number}/approve/", {**kill.fields}, kill.key)
    driver.journal.note(answer, Confirmed("approve", number), at)
    return answer.location


def _approvals(event: Planned) -> int:
    found = Event.objects.get(number=event.number)
    approved = found.transitions.filter(stage=None, to_state="Approved").exclude(from_state="Approved").count()
    is_so = found.approver_id is not None and found.state != "Submitted"
    return approved if is_so == bool(approved) else -1


def _kill_one_scheduler(system: System, n: int) -> None:
    patiently(lambda: eventually(lambda: system.schedulers_running() == len(SCHEDULERS), BACK_S))
    system.kill(SCHEDULERS[n % len(SCHEDULERS)])
