"""Receivers of webhooks: real ones over TLS on loopback, and what goes wrong with them."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from json import loads
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[["Handler", "Posted"], None]


class Posted(NamedTuple):
    """What was posted: the headers by lower-case names, and the body."""

    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return loads(self.body)


class Receiver:
    """A receiver that keeps what it gets; `answer` decides what it says."""

    def __init__(self, port: int, answer: Answer) -> None:
        self.port, self.answer = port, answer
        self.posted: list[Posted] = []
        self.url = f"https://localhost:{port}/hooks?key=a"

    def types(self) -> list[str]:
        return [one.content["type"] for one in self.posted]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        posted = Posted(headers, self.rfile.read(int(headers.get("content-length", 0))))
        self.receiver.posted.append(posted)
        with suppress(OSError):
            self.receiver.answer(self, posted)

    def log_message(self, *_args: object) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: object) -> None:
        """A client that leaves is not worth a line."""


def status(code: int, **headers: str) -> Answer:
    """Answer with this status."""

    def answer(handler: Handler, _posted: Posted) -> None:
        handler.send_response(code)
        for name, value in {"Content-Length": "0", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()

    return answer


def endless(handler: Handler, _posted: Posted) -> None:
    """A body that never ends."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def dripping(handler: Handler, _posted: Posted) -> None:
    """A head that comes byte by byte: no single wait is long."""
    for letter in b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"y" * 1000:
        handler.wfile.write(bytes([letter]))
        handler.wfile.flush()
        time.sleep(0.05)


def garbled(handler: Handler, _posted: Posted) -> None:
    handler.wfile.write(b"220 mail.example ESMTP\r\n")


def hanging(seconds: float) -> Answer:
    """Nothing for a while, then 200."""

    def answer(handler: Handler, posted: Posted) -> None:
        time.sleep(seconds)
        status(200)(handler, posted)

    return answer


class Authority:
    """A certificate authority of the tests' own, and the certificates of hosts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Gridcall tests")])
        signed = _certificate(self._name, self._name, self._key.public_key(), ca=True).sign(self._key, hashes.SHA256())
        self.file = folder / "authority.pem"
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def context_for(self, name: str) -> ssl.SSLContext:
        """What a server of this name needs for TLS."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = _certificate(subject, self._name, key.public_key(), ca=False)
        known = [x509.DNSName(name), *([x509.IPAddress(ip_address("127.0.0.1"))] if name == "localhost" else [])]
        made = made.add_extension(x509.SubjectAlternativeName(known), critical=False)
        path = self.folder / f"{name}.pem"
        plain = serialization.NoEncryption()
        path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
            + made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _certificate(subject: x509.Name, issuer: x509.Name, key: Any, *, ca: bool) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )


@contextmanager
def receiving(context: ssl.SSLContext | None, answer: Answer | None = None, port: int = 0) -> Iterator[Receiver]:
    """A receiver on loopback; without a context it speaks plain HTTP."""
    handler = type("Bound", (Handler,), {})
    server = Quiet(("127.0.0.1", port), handler)
    receiver = handler.receiver = Receiver(server.server_address[1], answer or status(204))  # type: ignore[attr-defined]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
