"""Vens are told by MQTT: of their own alone, with the latest state, also after the broker was away."""

import socket
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from integration.console.models import User
from integration.project.environment import env_broker
from integration.seam import clock
from integration.seam.models import Alert
from lec_sim.drivers import DRIVERS
from lec_sim.models import BROKER_ID, Broker, LecStage, Published
from lec_sim.openadr import broker as broker_module
from lec_sim.openadr.publishing import FAILURES_BEFORE_ALERT, publish_changes
from lec_sim.queries.mqtt import brokers_to_publish_to
from tests.doors.conftest import authority  # noqa: F401  (a fixture)
from tests.doors.receivers import Authority
from tests.processes import eventually

from .brokers import PROGRAM, Listener, Mosquitto
from .conftest import VenClient, published

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def broker(tmp_path: Any, authority: Authority, settings: Any) -> Iterator[Mosquitto]:  # noqa: F811
    """A broker that Gridcall signs in to; it is not started yet."""
    if PROGRAM is None:
        pytest.skip("These tests need mosquitto: apt-get install mosquitto")
    made = Mosquitto(tmp_path, authority)
    settings.MQTT_URL, settings.OUTGOING_CA_FILE = made.url, str(authority.file)
    yield made
    made.kill()


@pytest.fixture
def listen(broker: Mosquitto) -> Iterator[Callable[[VenClient], Listener]]:
    """Start the broker with some clients known to it, and let each listen to all that it may read."""
    made: list[Listener] = []

    def start(*vens: VenClient) -> list[Listener]:
        for ven in vens:
            broker.add(ven.account.client_id)
        broker.start()
        made.extend(Listener(broker, ven.account.client_id, "#") for ven in vens)
        return made

    yield start  # type: ignore[misc]
    for one in made:
        one.close()


def work(now: datetime | None = None) -> int:
    """Publish what is due; returns how often it was tried."""
    now, tries = now or clock.now(), 0
    while brokers_to_publish_to(now):
        publish_changes(BROKER_ID, now=now)
        tries += 1
    return tries


def test_notifiers_name_the_broker_without_gridcall_s_password(ven: VenClient, settings: Any) -> None:
    assert ven.found("notifiers") == {"WEBHOOK": True}
    settings.MQTT_URL = "mqtts://gridcall:secret@broker.example:8884"
    binding = {
        "URIS": ["mqtts://broker.example:8884"],
        "serialization": "JSON",
        "authentication": {"method": "OAUTH2_BEARER_TOKEN", "username": "{clientID}"},
    }
    assert ven.found("notifiers") == {"WEBHOOK": True, "MQTT": binding}
    settings.MQTT_PUBLIC_URL = "mqtts://vens.example"
    assert ven.found("notifiers")["MQTT"]["URIS"] == ["mqtts://vens.example"]


def test_topics_are_the_client_s_own(
    ven: VenClient, stage: LecStage, ven_of: Callable[..., VenClient], settings: Any
) -> None:
    settings.MQTT_URL = "mqtts://broker.example"
    (own,), (program,) = ven.found("vens"), ven.found("programs")
    root = f"openadr3/{ven.account.client_id}"
    events = f"{root}/vens/{own['id']}/events"
    assert ven.found(f"notifiers/mqtt/topics/vens/{own['id']}/events") == {
        "topics": {
            "CREATE": f"{events}/create",
            "UPDATE": f"{events}/update",
            "DELETE": f"{events}/delete",
            "ALL": f"{events}/+",
        }
    }
    of_one = ven.found(f"notifiers/mqtt/topics/programs/{program['id']}")["topics"]
    assert (of_one["UPDATE"], "CREATE" in of_one) == (f"{root}/programs/{program['id']}/update", False)
    for place in ("programs", f"programs/{program['id']}/events", f"vens/{own['id']}"):
        assert ven.found(f"notifiers/mqtt/topics/{place}")["topics"]["ALL"] == f"{root}/{place}/+"
    for part in ("programs", "resources"):
        assert ven.found(f"notifiers/mqtt/topics/vens/{own['id']}/{part}")["topics"]["ALL"].endswith(f"/{part}/+")
    other = ven_of("HE2")
    for place in (f"vens/{own['id']}", f"vens/{own['id']}/events", f"programs/{program['id']}"):
        assert other.get(f"notifiers/mqtt/topics/{place}").status_code == 404
    settings.MQTT_URL = ""
    assert ven.get("notifiers/mqtt/topics/programs").status_code == 404


@pytest.mark.parametrize("place", ["events", "reports", "subscriptions", "vens", "resources"])
def test_topics_of_all_vens_are_not_for_a_ven(ven: VenClient, settings: Any, place: str) -> None:
    settings.MQTT_URL = "mqtts://broker.example"
    answer = ven.get(f"notifiers/mqtt/topics/{place}")
    assert (answer.status_code, "read_all" in answer.json()["detail"]) == (403, True)


def test_each_client_hears_of_its_own_stages(
    ven: VenClient, ven_of: Callable[..., VenClient], listen: Callable[..., list[Listener]]
) -> None:
    first, second = listen(ven, ven_of("HE2"))
    stage = published(clock.now())
    assert work() == 1

    (own,), (program,) = ven.found("vens"), ven.found("programs")
    root = f"openadr3/{ven.account.client_id}"
    expected = [
        f"{root}/programs/create",
        f"{root}/vens/{own['id']}/programs/create",
        f"{root}/programs/{program['id']}/events/create",
        f"{root}/vens/{own['id']}/events/create",
        f"{root}/vens/{own['id']}/update",
    ]
    assert eventually(lambda: len(first.heard) >= len(expected))
    assert first.topics == expected
    assert first.heard[3][1] == {
        "objectType": "EVENT",
        "operation": "CREATE",
        "object": ven.found(f"events/{stage.stage_uid}"),
    }
    first.heard.clear()
    for _time in range(3):
        DRIVERS["openadr"].withdraw(stage, head_end="HE1", nic_ids=["N1"], now=clock.now())
    assert work() == 1
    assert work() == 0
    assert eventually(lambda: len(first.heard) >= 3)
    assert [topic.rpartition("/")[2] for topic in first.topics] == ["update"] * 3  # the latest state, once
    assert second.heard == []


def test_a_client_whose_owner_left_hears_nothing(
    ven: VenClient, operator: User, listen: Callable[..., list[Listener]]
) -> None:
    (listener,) = listen(ven)
    operator.is_active = False
    operator.save()
    published(clock.now())
    assert work() == 1
    assert Published.objects.get().revision == 1
    assert listener.heard == []


def test_while_the_broker_is_away_nothing_is_lost(
    ven: VenClient, broker: Mosquitto, listen: Callable[..., list[Listener]]
) -> None:
    (listener,) = listen(ven)
    broker.kill()
    listener.forget_connection()
    stage, now = published(clock.now()), clock.now()
    for attempt in range(FAILURES_BEFORE_ALERT):
        assert work(now + attempt * MINUTE) == 1
    assert not Published.objects.exists()
    (alert,) = Alert.objects.all()
    assert str(alert) == (
        "The broker for MQTT has taken nothing for 3 attempts: it can't be connected to. What it should hear waits."
    )
    DRIVERS["openadr"].cancel(stage, now=now)
    broker.start()
    assert listener.is_ready()

    assert work(now + 4 * MINUTE) == 1

    assert eventually(lambda: any(one["objectType"] == "EVENT" for _topic, one in listener.heard))
    (event,) = ven.found("events")
    assert next(one["object"] for _topic, one in listener.heard if one["objectType"] == "EVENT") == event
    assert Alert.objects.get().closed_at is not None
    assert Broker.objects.get().failures == 0


def test_a_broker_that_keeps_gridcall_out_says_why(
    ven: VenClient, stage: LecStage, broker: Mosquitto, settings: Any
) -> None:
    broker.start()
    settings.MQTT_URL = broker.url.replace("gridcall:", "somebody:")
    publish_changes(BROKER_ID, now=clock.now())
    assert "it refused to let Gridcall in: Not authorized" in str(Broker.objects.get().error)
    settings.MQTT_URL, settings.OUTGOING_CA_FILE = broker.url, None
    publish_changes(BROKER_ID, now=clock.now())
    assert str(Broker.objects.get().error) == "its certificate is not valid for it"


def test_a_broker_that_says_nothing_is_not_waited_for(
    ven: VenClient, stage: LecStage, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings.MQTT_URL = f"mqtt://127.0.0.1:{mute.getsockname()[1]}"
        publish_changes(BROKER_ID, now=clock.now())
    assert Broker.objects.get().failures == 1
    assert not Published.objects.exists()


@pytest.mark.parametrize(
    "url", ["https://broker.example", "mqtts://", "mqtt://a:secret@broker.example/topic", "mqtt://a:secret@h:x"]
)
def test_an_address_of_no_broker_is_refused_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_URL", url)
    with pytest.raises(ImproperlyConfigured, match="MQTT_URL must have the form") as refused:
        env_broker("MQTT_URL")
    assert "secret" not in str(refused.value)
