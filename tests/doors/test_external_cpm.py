"""A CPM from outside is told of stages, over real sockets: in order, with attempts, by event or by stage."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import transaction

from cpm.models import Participation, ParticipationOutcome
from cpm.models.program_events import ProgramEvent
from derms import operations as derms
from derms.models import Event, Stage
from derms.rest import client
from integration.console.models import User
from integration.seam import clock
from integration.seam.delivery import deliver
from integration.seam.models import Delivery, Message
from integration.seam.settling import settle
from integration.seam.systems import Outside
from tests import factories, walk

from .conftest import Made

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = "/rest/apis/cross/service/"
LIFECYCLE, RESERVE = ROOT + "programEvent/lifecycle", ROOT + "programEventParticipation/reserveDevice"
OUTCOMES = ROOT + "programEventParticipation/postEventOutcome"


class Other:
    """A CPM from outside: what it was posted, and with which status it answers an address."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.posted: list[tuple[str, Any]] = []
        self.headers: list[str | None] = []
        self.statuses: dict[str, list[int]] = {}

    def to(self, address: str) -> list[Any]:
        return [body for path, body in self.posted if path == address]


class Handler(BaseHTTPRequestHandler):
    other: Other

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/oauth/token":
            body: Any = {"access_token": "t0ken", "expires_in": 3600}
        else:
            self.other.posted.append((self.path, json.loads(content)))
            self.other.headers.append(self.headers["Authorization"])
            body = {"detail": "because"}
        several = self.other.statuses.get(self.path, [])
        answer = json.dumps(body).encode()
        self.send_response(several.pop(0) if several else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def outgoing(settings: Any) -> Iterator[None]:
    """Loopback may be called without encryption."""
    settings.OUTGOING_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.OUTGOING_PLAIN_HTTP = True
    settings.EXTERNAL_CPM_CLIENT_ID, settings.EXTERNAL_CPM_SECRET = "gridcall", "secret"
    client.forget_token()
    yield
    client.forget_token()


@pytest.fixture
def other(settings: Any, outgoing: None) -> Iterator[Other]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {}))
    found = Other(server.server_port)
    server.RequestHandlerClass.other = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.EXTERNAL_CPM_URL = found.url
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ran(event_in: Callable[..., Event]) -> Callable[..., Event]:
    """An event that was scheduled, told to everybody, and ran to its end with outcomes."""

    def make(**fields: Any) -> Event:
        event = event_in("Scheduled", **fields)
        settle()
        for stage in event.stages.order_by("number"):
            walk.run(stage)
            settle()
        return Event.objects.get(pk=event.pk)

    return make


def to_external() -> list[Delivery]:
    return list(Delivery.objects.filter(receiver=Outside.CPM).select_related("message").order_by("pk"))


def test_without_an_address_nothing_goes_out(event_in: Callable[..., Event]) -> None:
    event_in("Scheduled")
    settle()
    assert to_external() == []


def test_a_stage_is_planned_reserved_begun_ended_and_reported(other: Other, ran: Callable[..., Event]) -> None:
    event = ran()
    stage = event.stages.get()
    assert [path for path, _ in other.posted] == [ROOT + "programEvent/", RESERVE, LIFECYCLE, LIFECYCLE, OUTCOMES]
    planned = other.to(ROOT + "programEvent/")[0]
    assert planned["externalIdentifier"] == f"{event.number}/1"
    assert (planned["eventExternalIdentifier"], planned["programExternalIdentifier"]) == (event.number, "COOL")
    assert planned["programEventCategory"] == "X1DT"
    assert planned["startDateTime"] == stage.starts_at.isoformat().replace("+00:00", "Z")
    (reserved,) = other.to(RESERVE)
    assert [one["nicId"] for one in reserved["deviceList"]] == [f"N{n:07}" for n in range(1, 21)]
    assert [one["action"] for one in other.to(LIFECYCLE)] == ["X1IP", "F1CO"]
    (outcomes,) = other.to(OUTCOMES)
    assert len(outcomes["postOutcomeList"]) == 20
    assert {one["outcome"] for one in outcomes["postOutcomeList"]} <= {"D1SP", "D1IO", "D1ND", "D1ER", "D1CN"}
    assert all(one.delivered_at for one in to_external())
    assert set(other.headers) == {"Basic Z3JpZGNhbGw6c2VjcmV0"}


def test_a_token_is_asked_for_once_and_again_when_it_is_refused(
    other: Other, settings: Any, event_in: Callable[..., Event]
) -> None:
    settings.EXTERNAL_CPM_TOKEN_URL = f"{other.url}/oauth/token"
    other.statuses[ROOT + "programEvent/"] = [401]
    first = nothing_delivered(event_in("Scheduled"))[0]
    deliver(first.pk, 0)
    first.refresh_from_db()
    assert (first.delivered_at, first.given_back) == (None, 1)
    assert "does not take the token" in first.error
    deliver(first.pk, 1)
    first.refresh_from_db()
    assert first.delivered_at
    assert other.headers == ["Bearer t0ken"] * 2


def nothing_delivered(event: Event) -> list[Delivery]:
    """What goes out about a scheduled event, before anything was delivered."""
    derms.write_reservation_extract(event.stages.get().pk, now=clock.now())
    return to_external()


def test_a_system_that_is_away_is_tried_again_without_using_up_attempts(
    other: Other, settings: Any, event_in: Callable[..., Event]
) -> None:
    settings.EXTERNAL_CPM_URL = "http://127.0.0.1:1"
    first = nothing_delivered(event_in("Scheduled"))[0]
    for attempt in range(3):
        before = clock.now()
        deliver(first.pk, attempt)
        first.refresh_from_db()
        assert (first.attempt, first.given_back, first.delivered_at) == (attempt + 1, attempt + 1, None)
        assert 14 < (first.due_at - before).total_seconds() < 16
    assert "can't be reached" in first.error
    settings.EXTERNAL_CPM_URL = other.url
    deliver(first.pk, 3)
    first.refresh_from_db()
    assert first.delivered_at


def test_a_busy_system_is_waited_for_and_a_refusal_is_a_failed_attempt(
    other: Other, event_in: Callable[..., Event]
) -> None:
    other.statuses[ROOT + "programEvent/"] = [503, 400, 302]
    first = nothing_delivered(event_in("Scheduled"))[0]
    errors = []
    for attempt in range(3):
        deliver(first.pk, attempt)
        first.refresh_from_db()
        errors.append((first.given_back, first.error))
    assert errors[0] == (1, "Not yet: the external CPM is busy: it answered 503")
    assert errors[1] == (1, "ExternalCpmRefused: The external CPM answered 400 to service/programEvent/: because")
    assert errors[2] == (1, "ExternalCpmRefused: The external CPM answered 302 to service/programEvent/: because")


def test_nothing_overtakes_what_was_sent_about_the_stage_before(other: Other, event_in: Callable[..., Event]) -> None:
    planned, reserved = nothing_delivered(event_in("Scheduled"))
    assert (planned.message.kind, reserved.message.kind) == ("stage_status", "device_reservation")
    deliver(reserved.pk, 0)
    reserved.refresh_from_db()
    assert (reserved.delivered_at, other.posted) == (None, [])
    assert reserved.error == "Not yet: what was sent about the stage before is not posted yet"
    Delivery.objects.filter(pk=planned.pk).update(dead_at=clock.now())  # a dead letter blocks nothing
    deliver(reserved.pk, 1)
    assert [path for path, _ in other.posted] == [RESERVE]


def test_many_devices_go_in_blocks(
    other: Other, event_in: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("derms.rest.stages.AT_ONCE", 8)
    event_in("Scheduled")
    settle()
    blocks = [[one["nicId"] for one in body["deviceList"]] for body in other.to(RESERVE)]
    assert [len(block) for block in blocks] == [8, 8, 4]
    assert [nic_id for block in blocks for nic_id in block] == [f"N{n:07}" for n in range(1, 21)]


def test_by_event_only_the_first_start_and_the_last_end_are_told(
    other: Other, zone: Any, program: Any, strategy: Any, ran: Callable[..., Event]
) -> None:
    event = ran(strategy_id=factories.strategy(zone, program, stages=2).pk)
    assert [(one["eventExternalIdentifier"], one["action"]) for one in other.to(LIFECYCLE)] == [
        (event.number, "X1IP"),
        (event.number, "F1CO"),
    ]


def test_by_stage_each_stage_is_told(
    other: Other, settings: Any, zone: Any, program: Any, strategy: Any, ran: Callable[..., Event]
) -> None:
    settings.EXTERNAL_CPM_LIFECYCLE = "stage"
    event = ran(strategy_id=factories.strategy(zone, program, stages=2).pk)
    assert [(one["eventExternalIdentifier"], one["action"]) for one in other.to(LIFECYCLE)] == [
        (f"{event.number}/1", "X1IP"),
        (f"{event.number}/1", "F1CO"),
        (f"{event.number}/2", "X1IP"),
        (f"{event.number}/2", "F1CO"),
    ]
    assert {one["eventExternalIdentifier"] for one in other.to(RESERVE)} == {f"{event.number}/1", f"{event.number}/2"}


def test_a_cancellation_is_told_with_its_reason(other: Other, event_in: Callable[..., Event], operator: User) -> None:
    event = event_in("Scheduled")
    settle()
    with transaction.atomic():
        derms.cancel_event(event_id=event.pk, by=operator, now=clock.now(), reason="Storm")
    settle()
    (told,) = other.to(LIFECYCLE)
    assert told == {"eventExternalIdentifier": event.number, "action": "F1CN", "cancelReason": "Storm"}


def test_gridcalls_own_interfaces_take_what_gridcall_posts(
    live_server: Any, outgoing: None, settings: Any, ran: Callable[..., Event], account_of: Callable[..., Made],
    administrator: User,
) -> None:  # fmt: skip
    """DERMS before a CPM that is reached by HTTP alone: this one, which keeps these events beside its own."""
    account, secret = account_of(administrator, "DERMS far away")
    settings.EXTERNAL_CPM_URL, settings.EXTERNAL_CPM_TOKEN_URL = live_server.url, f"{live_server.url}/oauth/token"
    settings.EXTERNAL_CPM_CLIENT_ID, settings.EXTERNAL_CPM_SECRET = account.client_id, secret
    event = ran()
    own, far = ProgramEvent.objects.get(external_id=""), ProgramEvent.objects.get(external_id=f"{event.number}/1")
    assert far.event_number.startswith("X-")
    assert (far.state, far.category, far.starts_at, far.ends_at) == (
        own.state,
        own.category,
        own.starts_at,
        own.ends_at,
    )
    assert (far.participations, far.closed, far.outcomes) == (own.participations, own.closed, own.outcomes)
    devices = [
        set(Participation.objects.filter(program_event_id=one.pk).values_list("device_id")) for one in (own, far)
    ]
    assert devices[0] == devices[1]
    codes = [
        set(ParticipationOutcome.objects.filter(program_event_id=one.pk).values_list("device_id", "code", "started_at"))
        for one in (own, far)
    ]
    assert codes[0] == codes[1]
    assert not Message.objects.filter(deliveries__delivered_at=None).exists()
    assert Stage.objects.get().outcomes_sent_at


def test_another_word_for_the_lifecycle_is_found_at_start(settings: Any) -> None:
    settings.EXTERNAL_CPM_LIFECYCLE = "both"
    assert "gridcall.E005" in {one.id for one in run_checks()}
