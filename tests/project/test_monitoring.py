"""Monitoring of the processes: whether they are alive, whether they can work, and how the work is going."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from derms.models import Event
from integration.engines.state import PROJECT
from integration.project import health, metrics, monitoring
from integration.project.version import VERSION
from integration.seam import clock, outbox, sealing
from integration.seam.models import Delivery
from integration.seam.systems import System
from tests.messages.conftest import STATUS
from tests.processes import eventually

NOBODY_THERE = "redis://127.0.0.1:9/0"


def figures() -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.django_db
def test_a_process_that_lives_says_so_and_asks_nothing(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert client.get("/livez").content == b"ok"


@pytest.mark.django_db
def test_a_process_that_can_work_has_a_word_for_everything(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "broker": "ok", "migrations": "ok", "version": VERSION}


@pytest.mark.django_db
@pytest.mark.parametrize(("process", "status"), [("web", 200), ("worker", 503), ("scheduler", 503)])
def test_a_worker_that_cant_reach_the_broker_says_so_and_the_pages_stay(
    process: str, status: int, client: Client, settings: Any
) -> None:
    settings.PROCESS, settings.CELERY_BROKER_URL = process, NOBODY_THERE
    answer = client.get("/readyz")
    assert answer.status_code == status
    assert answer.json()["broker"] == "can't be reached (ConnectionError)"


@pytest.mark.django_db
def test_a_migration_that_is_missing_is_counted(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="derms").latest("pk").delete()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"] == "1 are not applied: run manage.py migrate"


def test_a_database_that_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object) -> None:
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "can't be reached (OperationalError)"
    assert answer.json()["migrations"] == "not known without the database"


@pytest.mark.django_db
def test_probes_are_answered_by_plain_http(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/livez").status_code == 200
    assert client.get("/").status_code == 301


# --- Figures ------------------------------------------------------------------------------------------------------


@pytest.fixture
def sent(event_in: Callable[..., Event]) -> Event:
    """A scheduled event whose stage status is on its way to two receivers."""
    return event_in("Scheduled")


@pytest.mark.django_db
def test_every_figure_is_there_and_says_what_the_database_says(sent: Event) -> None:
    outbox.send(STATUS, sender=System.DERMS)
    waits, dead, done = Delivery.objects.order_by("pk")[:3]
    now = clock.now()
    Delivery.objects.filter(pk=waits.pk).update(created_at=now - timedelta(minutes=7))
    Delivery.objects.filter(pk=dead.pk).update(dead_at=now)
    Delivery.objects.filter(pk=done.pk).update(created_at=now - timedelta(seconds=3), delivered_at=now)
    found = figures()

    assert set(metrics.FIGURES) - {name for name, _label in found} == {"gridcall_stage_start_lateness_seconds"} | (
        set() if ("gridcall_open_alerts", "high") in found else {"gridcall_open_alerts"}
    )
    assert found["gridcall_events", "Scheduled"] == 1
    assert found["gridcall_messages", "open"] == Delivery.objects.filter(Delivery.OPEN).count()
    assert found["gridcall_messages", "dead"] == found["gridcall_dead_letters", ""] == 1
    assert found["gridcall_messages", "delivered"] == 1
    assert 420 <= found["gridcall_oldest_undelivered_seconds", ""] < 480
    assert found["gridcall_delivery_seconds", "0.5"] == pytest.approx(3, abs=0.1)
    assert found["gridcall_unsealed_history_rows", ""] > 0


@pytest.mark.django_db
def test_how_late_a_stage_started(sent: Event) -> None:
    now = clock.now()
    sent.stages.update(starts_at=now - timedelta(seconds=12), started_at=now - timedelta(seconds=10))
    assert figures()["gridcall_stage_start_lateness_seconds", "0.99"] == pytest.approx(2)


@pytest.mark.django_db(transaction=True)
def test_sealing_shows(sent: Event) -> None:
    waiting = ("gridcall_unsealed_history_rows", "")
    assert figures()[waiting] > 0

    def nothing_waits() -> bool:
        sealing.seal_history(now=clock.now())
        return figures()[waiting] == 0

    assert eventually(nothing_waits, 60)


@pytest.mark.django_db
def test_the_figures_are_asked_in_one_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        metrics.text()


# --- The server beside a worker -----------------------------------------------------------------------------------


@pytest.fixture
def port(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(health, "state", lambda: dict.fromkeys(health.EVERYTHING, "ok"))
    monkeypatch.setattr(metrics, "text", lambda: b"gridcall_events 1.0\n")
    settings.METRICS_PORT = 0
    assert monitoring.serve() is None
    server = monitoring.ThreadingHTTPServer(("127.0.0.1", 0), monitoring.Answers)
    settings.METRICS_PORT = server.server_port
    server.server_close()
    serving = monitoring.serve()
    assert serving is not None
    yield serving.server_port
    serving.shutdown()
    serving.server_close()


def test_a_port_of_its_own_answers_three_addresses_and_no_other(port: int) -> None:
    def get(path: str) -> tuple[int, bytes]:
        asking = HTTPConnection("127.0.0.1", port, timeout=10)
        asking.request("GET", path)
        answer = asking.getresponse()
        body = answer.read()
        asking.close()
        return answer.status, body

    assert get("/livez") == (200, b"ok")
    status, body = get("/readyz")
    assert (status, json.loads(body)["version"]) == (200, VERSION)
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", VERSION)
    assert get("/metrics") == (200, b"gridcall_events 1.0\n")
    assert get("/")[0] == 404


def test_a_port_that_is_taken_is_noted_and_stops_nothing(port: int, caplog: pytest.LogCaptureFixture) -> None:
    assert monitoring.serve() is None
    assert f"No /metrics on port {port} here" in caplog.text


FOLDER = PROJECT / "docs" / "monitoring"


@pytest.mark.parametrize("file", ["grafana-dashboard.json", "alert-rules.yml"])
def test_dashboard_and_alerts_name_figures_that_exist(file: str) -> None:
    named = set(re.findall(r"gridcall_\w+", (FOLDER / file).read_text()))
    assert named
    assert named <= set(metrics.FIGURES)


def test_every_figure_is_on_the_dashboard() -> None:
    panels = json.loads(Path(FOLDER / "grafana-dashboard.json").read_text())["panels"]
    shown = {
        name for panel in panels for target in panel["targets"] for name in re.findall(r"gridcall_\w+", target["expr"])
    }
    assert shown == set(metrics.FIGURES)
