"""The log: machine-readable lines with request, person and event, and nothing about any customer."""

import json
import logging
import socket
import time
from asyncio import CancelledError
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from cpm.models.customers import Customer
from cpm.models.program_events import ProgramEvent
from cpm.operations import make_link
from derms import operations
from derms.models import ControlZone, Event, Program
from integration.console.models import User
from integration.seam import clock, logs, outbox
from integration.seam.delivery import deliver
from integration.seam.routes import ROUTES, Route
from integration.seam.settling import settle
from integration.seam.systems import System
from tests import factories, walk
from tests.messages.conftest import STATUS
from tests.processes import eventually
from tests.security.conftest import Served

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What is logged meanwhile, as in production."""
    text = StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logs.formatter(style="json"))
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


def lines(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.fixture
def fleet(zone: ControlZone, program: Program) -> None:
    factories.fleet(zone, program, 3, since=clock.now() - timedelta(days=30))
    Customer.objects.update(email="testa@example.invalid")


def journey(zone: ControlZone, program: Program, operator: User, approver: User) -> Event:
    """One event from plan to closed participations."""
    now = clock.now()
    plan = factories.strategy(zone, program)
    event = operations.create_event(
        strategy_id=plan.pk,
        starts_at=now + timedelta(hours=2),
        by=operator,
        now=now,
        details=operations.EventDetails(name="Heat peak"),
    )
    walk.to("Scheduled", event, operator=operator, approver=approver, now=now)
    walk.run(event.stages.get())
    settle()
    return event


def visit(customer: Customer, event: Event, csr: User, operator: User) -> None:
    """Open pages that show a customer, searches for one, refusals, and errors."""
    by_csr, by_operator, nobody = Client(), Client(), Client()
    by_csr.force_login(csr)
    by_operator.force_login(operator)
    token = make_link(customer_id=customer.pk, by="cora", now=clock.now()).token
    for words in (customer.name, customer.phone, customer.email, "Test Street"):
        by_csr.get("/customers/", {"q": words})
        by_csr.get("/find/", {"q": words})
        by_operator.get("/customers/", {"q": words})
    by_csr.get(f"/customers/{customer.number}/")
    by_csr.get(f"/customers/{customer.name}/")
    by_operator.get(f"/events/{event.number}/")
    nobody.get(f"/my-devices/{token}/")
    nobody.post("/account/login/", {"login": customer.email, "password": customer.name})
    Client(enforce_csrf_checks=True).post(f"/my-devices/{token}/unavailability/", {"reason": customer.name})


def test_a_whole_journey_and_its_pages_leave_no_customer_in_the_log(
    log: StringIO,
    fleet: None,
    zone: ControlZone,
    program: Program,
    operator: User,
    approver: User,
    csr: User,
) -> None:
    event = journey(zone, program, operator, approver)
    customer = Customer.objects.earliest("pk")
    visit(customer, event, csr, operator)

    assert ProgramEvent.objects.get(event_uid=event.uid).closed == 3
    assert len(lines(log)) > 15
    assert [line["message"] for line in lines(log) if line["logger"].startswith("django.security")] != []
    for private in ("Testa", "555-0100", "example.invalid", "Test Street", "my-devices/"):
        assert private not in log.getvalue().replace("my-devices/<id:token>/", "")


def test_the_servers_own_lines_contain_no_address(served: Served) -> None:
    secrets = ("a-customers-link", "searched-name", "reset-key", "typed-address", "half-a-line")
    host, upgrade = b" HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    for request in (
        b"GET /my-devices/a-customers-link/" + host + b"\r\n",
        b"GET /customers/?q=searched-name" + host + b"\r\n",
        b"GET /account/password/reset/key/reset-key/" + host + b"\r\n",
        b"GET /my-devices/a-customers-link/" + host + upgrade,
        b"GET /typed-address\xff" + host + b"\r\n",
        b"half-a-line\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
            client.sendall(request)
            assert client.recv(1000)
    said = ""
    until = time.monotonic() + 60
    while said.count('"message": "request"') < 3:  # the lines are written after the answers
        assert time.monotonic() < until, said
        time.sleep(0.1)
        said = served.log.read_text()
    for secret in secrets:
        assert secret not in said


def test_a_fault_of_the_server_is_logged_without_the_row_it_happened_to(
    log: StringIO, fleet: None, csr: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*args: object, **kwargs: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO cpm_customer SELECT * FROM cpm_customer LIMIT 1")

    monkeypatch.setattr("cpm.views.customers.current_enrollments", break_down)
    customer = Customer.objects.earliest("pk")
    client = Client(raise_request_exception=False)
    client.force_login(csr)
    answer = client.get(f"/customers/{customer.number}/")

    assert answer.status_code == 500
    (fault,) = [line for line in lines(log) if line["level"] == "error"]
    assert "duplicate key value" in fault["exception"]
    assert "(id)=" not in log.getvalue()
    assert customer.number not in log.getvalue()
    assert fault["request_id"] == answer[logs.HEADER]
    assert fault["request_id"] in answer.content.decode()


def test_a_line_names_request_person_and_event(log: StringIO, operator: User) -> None:
    client = Client()
    client.force_login(operator)
    answer = client.get("/events/DR-2026-0001/")
    (line,) = lines(log)
    assert line.pop("ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "message": "request",
        "level": "info",
        "logger": "integration.seam.logs",
        "request_id": answer[logs.HEADER],
        "route": "events/<id:number>/",
        "actor": "olive",
        "event_number": "DR-2026-0001",
        "method": "GET",
        "status": 404,
    }


@pytest.mark.parametrize(
    "address", ["/events/Pat%20Testa/", "/my-devices/x/events/Pat/1/h/n/opt-out/", "/program-events/DR-Testa/1/"]
)
def test_what_is_typed_in_place_of_an_events_number_is_not_logged(log: StringIO, operator: User, address: str) -> None:
    client = Client()
    client.force_login(operator)
    client.get(address)
    (line,) = lines(log)
    assert "event_number" not in line
    assert "Pat" not in log.getvalue()
    assert "Testa" not in log.getvalue()


def test_a_method_of_the_clients_own_making_is_not_logged(log: StringIO) -> None:
    Client().generic("PAT-TESTA", "/events/")
    (line,) = lines(log)
    assert line["method"] == "other"


@pytest.mark.parametrize(
    ("problem", "kept"),
    [
        (ValueError("invalid literal for int() with base 10: 'Pat\nTesta'"), "ValueError: invalid literal for int()"),
        (ValidationError("“Pat Testa” value has an invalid date format."), "ValidationError:"),
        (KeyError("Pat Testa"), "KeyError:"),
        (DataError('invalid input syntax for type uuid: "Pat Testa"'), "DataError: invalid input syntax for type uuid"),
        (IntegrityError('violates check constraint "stage_number"'), 'violates check constraint "stage_number"'),
    ],
)
def test_a_traceback_names_places_and_quotes_nothing_that_was_typed(
    log: StringIO, problem: Exception, kept: str
) -> None:
    try:
        try:
            raise problem
        except Exception as first:
            raise RuntimeError("The list can't be read.") from first
    except RuntimeError:
        logging.getLogger("django.request").exception("Internal Server Error: /customers/Pat/")
    (line,) = lines(log)
    assert kept in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert "RuntimeError: The list can" in line["exception"]
    assert "Testa" not in log.getvalue()
    assert "Pat" not in line["message"]


def test_a_page_that_sent_a_form_is_not_named_when_it_is_refused(log: StringIO) -> None:
    client = Client(enforce_csrf_checks=True)
    client.post("/account/login/", secure=True, headers={"referer": "https://other.example/my-devices/a-link/"})
    assert "Forbidden" in log.getvalue()
    assert "my-devices" not in log.getvalue()


def test_a_request_whose_client_leaves_is_logged(log: StringIO) -> None:
    def leave(request: HttpRequest) -> HttpResponse:
        raise CancelledError

    with pytest.raises(CancelledError):
        logs.RequestLog(leave)(RequestFactory().get("/events/"))
    (line,) = lines(log)
    assert (line["message"], line["method"], line["status"]) == ("request", "GET", 499)


def test_requests_that_end_before_they_reach_a_page_are_logged_once(served: Served) -> None:
    begin = b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
        client.sendall(begin + b"Content-Length: 10\r\n\r\na")
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
        client.sendall(begin + b"Content-Length: 3000000\r\n\r\n")
        assert client.recv(1000)
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client:
        client.sendall(b"GET /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert client.recv(1000)

    def statuses() -> list[int]:
        said = [json.loads(line) for line in served.log.read_text().splitlines() if '"message": "request"' in line]
        return sorted(line["status"] for line in said)

    assert eventually(lambda: set(statuses()) == {200, 413, 499}), statuses()
    assert [statuses().count(status) for status in (413, 499)] == [1, 1]


def test_the_same_id_stands_on_the_page_in_the_log_and_in_history(
    log: StringIO, zone: ControlZone, program: Program, fleet: None, operator: User, approver: User
) -> None:
    now = clock.now()
    event = operations.create_event(
        strategy_id=factories.strategy(zone, program).pk,
        starts_at=now + timedelta(hours=2),
        by=operator,
        now=now,
        details=operations.EventDetails(name="Heat peak"),
    )
    walk.to("Submitted", event, operator=operator, approver=approver, now=now)
    client = Client()
    client.force_login(approver)
    approved = client.post(f"/events/{event.number}/approve/", factories.seen(event.number))
    refused = client.post(f"/events/{event.number}/approve/", factories.seen(event.number))
    client.force_login(operator)
    forbidden = client.post(f"/events/{event.number}/approve/", factories.seen(event.number))

    assert str(event.transitions.get(to_state="Approved").request_id) == approved[logs.HEADER]
    assert (refused.status_code, forbidden.status_code) == (409, 403)
    for answer in (refused, forbidden):
        assert answer[logs.HEADER] in answer.content.decode()
    assert [line["request_id"] for line in lines(log)] == [a[logs.HEADER] for a in (approved, refused, forbidden)]


def test_work_without_a_request_names_the_message_and_the_event(log: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROUTES, "stage_status", (Route(System.CPM, "tests.messages.receivers.fail"),))
    with transaction.atomic():
        delivery = outbox.send(STATUS, sender=System.DERMS).deliveries.get()
    deliver(delivery.pk, 0)
    (line,) = lines(log)
    assert line["work"] == f"Delivery {delivery.pk}"
    assert (line["kind"], line["event_number"]) == ("stage_status", "DR-2026-0001")
    assert "request_id" not in line


def test_lines_for_a_terminal_say_the_same() -> None:
    record = logging.LogRecord("gridcall", logging.WARNING, "", 0, "The broker is down (%s)", ("TimeoutError",), None)
    said = logs.formatter(style="console").format(record)
    assert "The broker is down (TimeoutError)" in said
    assert "warning" in said
