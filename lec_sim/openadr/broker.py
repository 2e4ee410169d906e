"""The broker for MQTT: where it is, and handing it messages; each counts as handed over once it has confirmed it."""

import json
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from django.conf import settings
from paho.mqtt import MQTTException
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from integration.seam.recorded import Sentence, recorded

CONNECT_S, CONFIRM_S = 5.0, 10.0
AT_LEAST_ONCE = 1
PORTS = {"mqtt": 1883, "mqtts": 8883}

# Why messages were not taken; stored, and shown in the alert.
CONNECTING = recorded("it can't be connected to")
CERTIFICATE = recorded("its certificate is not valid for it")
REFUSED = recorded("it refused to let Gridcall in: %(reason)s")
UNCONFIRMED = recorded("it did not confirm what was sent in time")
FAILS = recorded(
    "The broker for MQTT has taken nothing for %(failures)s attempts: %(error)s. What it should hear waits."
)


class NotPublished(Exception):
    """The broker has not taken everything; the sentence is one of those above."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Message(NamedTuple):
    """What is published under a topic."""

    topic: str
    content: dict[str, Any]


class Address(NamedTuple):
    """Where the broker is, and as whom Gridcall signs in; no user: as nobody."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None


def address_of(url: str) -> Address:
    """An address taken apart; the settings have checked its form."""
    parts = urlsplit(url)
    user, password = (text and unquote(text) for text in (parts.username, parts.password))
    return Address(parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme], user, password)


def publish(messages: Iterable[Message]) -> None:
    """Hand messages to the broker, and wait until it has confirmed each. Raises NotPublished."""
    connection = _Connection(address_of(settings.MQTT_URL))
    try:
        connection.open()
        until = time.monotonic() + CONFIRM_S
        sent = [connection.send(one) for one in messages]
        for one in sent:
            one.wait_for_publish(max(until - time.monotonic(), 0.0))
        if not all(one.is_published() for one in sent):
            raise NotPublished(UNCONFIRMED())
    except ssl.SSLCertVerificationError as problem:
        raise NotPublished(CERTIFICATE()) from problem
    except (OSError, MQTTException, ValueError, RuntimeError) as problem:  # the last two: it went away meanwhile
        raise NotPublished(CONNECTING()) from problem
    finally:
        connection.close()


class _Secured(ssl.SSLSocket):
    """A socket that is closed if encryption can't be agreed on; the library leaves it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class _Connection:
    """A connection of its own for one publication: nothing waits in it, so nothing is lost with its process."""

    def __init__(self, address: Address) -> None:
        self._address, self._answered, self._refusal = address, threading.Event(), ""
        self._client = Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        self._client.connect_timeout = CONNECT_S
        self._client.on_connect = self._on_connect
        if address.user is not None:
            self._client.username_pw_set(address.user, address.password)
        if address.scheme == "mqtts":
            context = ssl.create_default_context()
            context.sslsocket_class = _Secured
            if settings.OUTGOING_CA_FILE:
                context.load_verify_locations(settings.OUTGOING_CA_FILE)
            self._client.tls_set_context(context)

    def open(self) -> None:
        """Connect, and wait for the broker's answer. Raises NotPublished, OSError or MQTTException."""
        self._client.connect(self._address.host, self._address.port)
        self._client.loop_start()
        if not self._answered.wait(CONNECT_S):
            raise NotPublished(CONNECTING())
        if self._refusal:
            raise NotPublished(REFUSED(reason=self._refusal))

    def send(self, message: Message) -> MQTTMessageInfo:
        return self._client.publish(message.topic, json.dumps(message.content), qos=AT_LEAST_ONCE)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        if left := self._client.socket():  # after a refusal
            left.close()

    def _on_connect(self, client: Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._refusal = str(reason)[:60] if reason.is_failure else ""
        self._answered.set()
