"""A real mosquitto over TLS, which lets each client read its own topics alone, and clients that listen there."""

import json
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.doors.receivers import Authority
from tests.faults.proxy import free_port
from tests.processes import eventually

PUBLISHER, PASSWORD = "gridcall", "a-password-of-the-broker"
PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path=PLACES)
CONFIG = """
listener {port} 127.0.0.1
certfile {certificate}
keyfile {certificate}
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
persistence false
log_dest none
user root
"""
ACL = f"user {PUBLISHER}\ntopic write openadr3/#\npattern read openadr3/%u/#\n"  # as docs/how-to/openadr.md


class Mosquitto:
    """The broker; start() and kill() may be called again and again."""

    def __init__(self, folder: Path, authority: Authority, *, port: int = 0) -> None:
        self.folder, self.authority, self.port = folder, authority, port or free_port()
        authority.context_for("localhost")  # writes its certificate
        config = CONFIG.format(port=self.port, folder=folder, certificate=authority.folder / "localhost.pem")
        (folder / "mosquitto.conf").write_text(config)
        (folder / "acl").write_text(ACL)
        for name in ("passwords", "acl"):
            (folder / name).touch(0o600)
            (folder / name).chmod(0o600)
        self._process: subprocess.Popen[bytes] | None = None
        self.add(PUBLISHER)

    @property
    def url(self) -> str:
        return url_of(self.port)

    def add(self, user: str) -> None:
        """Let a user sign in, from the next start on."""
        command = ["mosquitto_passwd", "-b", str(self.folder / "passwords"), user, PASSWORD]
        subprocess.run(command, check=True, capture_output=True)

    def start(self) -> None:
        assert PROGRAM
        self._process = subprocess.Popen([PROGRAM, "-c", str(self.folder / "mosquitto.conf")])
        assert eventually(self._answers), "mosquitto does not listen"

    def kill(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def url_of(port: int) -> str:
    """Where Gridcall finds a broker, and as whom it signs in there."""
    return f"mqtts://{PUBLISHER}:{PASSWORD}@localhost:{port}"


class Listener:
    """A client that listens to topics, also after it has lost the broker for a while."""

    def __init__(self, broker: Mosquitto, user: str, *topics: str) -> None:
        self.heard: list[tuple[str, Any]] = []
        self._topics, self._is_ready = topics, threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(user, PASSWORD)
        self._client.tls_set_context(ssl.create_default_context(cafile=str(broker.authority.file)))
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect, self._client.on_message = self._on_connect, self._on_message
        self._client.on_subscribe = lambda *_: self._is_ready.set()
        self._client.connect("localhost", broker.port)
        self._client.loop_start()
        assert self.is_ready()

    def is_ready(self) -> bool:
        """Whether the broker sends it what it listens to, now or soon."""
        return self._is_ready.wait(30)

    @property
    def topics(self) -> list[str]:
        return [topic for topic, _content in self.heard]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def forget_connection(self) -> None:
        """From now on `is_ready` waits until it has connected anew."""
        self._is_ready.clear()

    def _on_connect(self, client: Client, *_args: Any) -> None:
        client.subscribe([(topic, 1) for topic in self._topics])

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self.heard.append((message.topic, json.loads(message.payload)))
