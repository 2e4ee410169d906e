"""What other systems' calls cost, beside what the same server does at most; and how soon vens are told of a stage.

Polls, pages and lists are asked of a web process as `make run` starts it, over sockets. The notifications are those of
real workers and a scheduler.
"""

import os
import random
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from threading import Thread
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from integration.console.models import User
from integration.console.service_accounts import add_account
from integration.project.supervisor import Child, background_children, supervised, web_child
from integration.seam import clock, tokens
from integration.seam.loads import Partition
from integration.seam.messages import StageStatus
from integration.seam.scopes import SCOPES
from integration.seam.service_accounts import ServiceAccount
from integration.seam.tokens import Token
from lec_sim.drivers import DRIVERS
from lec_sim.models import PRIMARY_KEY, HeadEndProfile, LecStage
from lec_sim.operations import follow_stage
from lec_sim.operations.subscriptions import Wanted, WantedCallback, add_subscription

from .calling import Calls, ask, rates, seconds_each
from .crew import BenchFailed
from .empty import EMPTY, VIEW
from .pages import reader
from .report import Row

GRANTS, PAGE = 250_000, 50
VENS, TOLD_DEVICES = 20, 100_000
POLL_GOAL, PAGE_GOAL, LIST_GOAL, TOLD_GOAL_S = 0.4, 0.3, 0.7, 10.0
LISTS = {
    "devices": ("derms:device_list", "devices"),
    "program events": ("cpm:program_event_list", "program-events"),
    "participations": ("cpm:participation_list", "participations"),
}
TIMES = 60
PATIENCE_S = 60.0
ROOT = "/openadr3/3.1.0/"
ENVIRONMENT = {
    "GRIDCALL_HTTPS": "0",
    "OUTGOING_PLAIN_HTTP": "1",
    "OUTGOING_NETWORKS": "127.0.0.0/8",
    "API_CALLS_PER_MINUTE": "1000000000",  # the limit of an account is not what is measured
}
RESERVE = """
INSERT INTO {table} (stage_id, head_end, nic_id, expected_w, nominal_w)
SELECT %(stage)s, %(prefix)s || (n %% %(vens)s), 'N' || lpad(n::text, 8, '0'), 100 + n %% 5000, 120 + n %% 5000
  FROM generate_series(0, %(devices)s - 1) n
"""


def measure() -> list[Row]:
    """The rows of the table; the lists are those that are in the database. Raises BenchFailed.

    Processes that are started later have this environment, too: it is the last that is measured.
    """
    os.environ.update(ENVIRONMENT)
    port = _free_port()
    owner = reader("calls")
    (account,) = _vens("BENCH-ONE-", 1, owner)
    stage = _stage("BENCH-ONE-", vens=1, devices=GRANTS)
    _publish(stage)
    told = _vens("BENCH-TOLD-", VENS, owner)
    before, waiting = (_stage("BENCH-TOLD-", vens=VENS, devices=devices) for devices in (VENS, TOLD_DEVICES))
    with supervised([_web(port)], say=_say):
        _wait_for(port)
        rows = [_polls(port, account), _pages(port, account, stage), *_lists(port, owner)]
    with supervised(background_children(), say=_say):
        return [*rows, _told(told, before, waiting)]


def _polls(port: int, account: ServiceAccount) -> Row:
    address, header = [f"{ROOT}events?active=true"], _header(account)
    etag = ask(port, Calls(address, header, 200)).headers["etag"]
    poll = Calls(address, {**header, "If-None-Match": etag}, 304)
    empty, found = rates(port, Calls([EMPTY], {}, 204), poll)
    return _rate(f"OpenADR: polls answered 304, {found:,.0f}/s of an empty ASGI application's {empty:,.0f}/s",
                 found, empty, POLL_GOAL)  # fmt: skip


def _pages(port: int, account: ServiceAccount, stage: LecStage) -> Row:
    random.seed(1)
    places = [random.randrange(GRANTS - PAGE) for _ in range(1000)]  # noqa: S311 (places are no secret)
    target = f"stage-{stage.stage_uid}"
    page = Calls([f"{ROOT}resources?targets={target}&skip={place}" for place in places], _header(account), 200)
    empty, found = rates(port, Calls([VIEW], {}, 200), page)
    return _rate(f"OpenADR: pages of {PAGE} of {GRANTS:,}, {found:,.0f}/s of an empty Django view's {empty:,.0f}/s",
                 found, empty, PAGE_GOAL)  # fmt: skip


def _rate(name: str, found: float, empty: float, goal: float) -> Row:
    return Row(name, None, None, None, None, round(found / empty, 2), goal, at_least=True)


def _lists(port: int, owner: User) -> Iterator[Row]:
    """A row per list: the time of the call to that of the page."""
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(owner)
    cookie = {"Cookie": f"sessionid={browser.cookies[settings.SESSION_COOKIE_NAME].value}"}
    header = _header(_account("Lists", owner))
    for name, (page, call) in LISTS.items():
        shown, called = seconds_each(
            port, Calls([reverse(page)], cookie, 200), Calls([f"/api/v1/{call}"], header, 200), times=TIMES
        )
        yield Row(f"API list beside its page: {name}", None, called, shown, None, round(called / shown, 2), LIST_GOAL)


def _told(accounts: list[ServiceAccount], before: LecStage, stage: LecStage) -> Row:
    """Seconds from the stage's publication, as at the end of its load, until each ven was told of it.

    They are told of another one before, when workers and scheduler have begun to work.
    """
    with _receiver() as (address, told):
        now = clock.now()
        for number, account in enumerate(accounts):
            callback = WantedCallback(f"{address}/{number}", "", ["EVENT"], ["CREATE"])
            add_subscription(client=account.client_id, wanted=Wanted("bench", "", None, [callback]), now=now)
        for each in (before, stage):
            told.clear()
            began = time.perf_counter()
            _publish(each)
            while len(told) < len(accounts):
                if time.perf_counter() - began > PATIENCE_S:
                    raise BenchFailed(f"{len(told)} of {len(accounts)} vens were told within {PATIENCE_S:g} s.")
                time.sleep(0.02)
        seconds = max(told.values()) - began
    name = f"OpenADR: {VENS} vens told of a stage of {TOLD_DEVICES:,} devices by webhook"
    return Row(name, TOLD_DEVICES, seconds, None, None, round(seconds, 2), TOLD_GOAL_S, unit=" s")


@contextmanager
def _receiver() -> Iterator[tuple[str, dict[str, float]]]:
    """The address of a receiver of webhooks, and when each path was first told of an event."""
    told: dict[str, float] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = loads(self.rfile.read(int(self.headers["Content-Length"])))
            if content["objectType"] == "EVENT":
                told.setdefault(self.path, time.perf_counter())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _vens(prefix: str, number: int, owner: User) -> list[ServiceAccount]:
    """The clients of so many head ends that are reached by OpenADR."""
    accounts = [_account(f"{prefix}{n}", owner) for n in range(number)]
    HeadEndProfile.objects.bulk_create(
        HeadEndProfile(head_end=f"{prefix}{n}", driver="openadr", client=account.client_id)
        for n, account in enumerate(accounts)
    )
    return accounts


def _account(name: str, owner: User) -> ServiceAccount:
    given = {"name": name, "owner": owner, "scopes": sorted(SCOPES)}
    return add_account(given, by=owner.username, now=clock.now())


def _header(account: ServiceAccount) -> dict[str, str]:
    token = tokens.issue(Token(account.pk, account.epoch, frozenset(account.scopes)), now=clock.now())
    return {"Authorization": f"Bearer {token}"}


def _stage(prefix: str, *, vens: int, devices: int) -> LecStage:
    """A stage whose reservations are loaded, and of which its head ends were not told."""
    now = clock.now()
    body = {**StageStatus.example, "stage_uid": uuid4(), "event_uid": uuid4(), "event_number": f"{prefix}1"}
    window = {"starts_at": now + timedelta(hours=6), "ends_at": now + timedelta(hours=7)}
    status = StageStatus.model_validate({**body, **window, "state": "Scheduled", "started_at": None})
    follow_stage(status, now=now)
    stage = LecStage.objects.get(stage_uid=status.stage_uid)
    partition = Partition("lec_reservation", "stage_id", stage.pk)
    with transaction.atomic():
        partition.create()
        partition.execute(RESERVE, {"stage": stage.pk, "prefix": prefix, "vens": vens, "devices": devices})
        partition.finish(PRIMARY_KEY)
        partition.attach()
    stage.reserved, stage.reservations_loaded_at = devices, now
    stage.save(update_fields=["reserved", "reservations_loaded_at"])
    return stage


@transaction.atomic
def _publish(stage: LecStage) -> None:
    DRIVERS["openadr"].publish(stage, now=clock.now())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _web(port: int) -> Child:
    child = web_child(port)
    command = [part.replace("integration.project.asgi", "integration.bench.asgi") for part in child.command]
    return child._replace(command=command)


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(OSError):
            ask(port, Calls([VIEW], {}, 200))
            return
        time.sleep(0.1)
    raise BenchFailed(f"The web process did not answer within {PATIENCE_S:g} s.")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (what the supervisor says)
