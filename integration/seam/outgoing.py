"""The one way out: posts to addresses that people typed, never to one that only this machine or its network reaches.

A name is resolved once, every address found is checked, and the connection goes to a checked one: a name that resolves
to something else a moment later changes nothing. Redirects are answers, not followed. One deadline bounds a whole call,
however slowly the other side sends, and of an answer's body only the first bytes are read.
"""

import io
import socket
import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from .recorded import Sentence, recorded

TOTAL_S = 20.0
CONNECT_S = 5.0
LONGEST_URL = 500
LARGEST_BODY = 1_000_000  # bytes that are sent
READ_BODY = 4_096  # bytes of an answer
PORTS = {"https": 443, "http": 80}
NAT64 = ip_network("64:ff9b::/96")

# Why no answer came; stored with what was to be sent.
PRIVATE = recorded("the host resolves to a private, local or reserved address, which is not allowed")
NAME = recorded("the host's name can't be resolved")
CONNECTING = recorded("the host can't be connected to")
CERTIFICATE = recorded("the host's certificate is not valid for it")
ENCRYPTION = recorded("no encrypted connection could be made")
TIME = recorded("no complete answer came in time")
GARBLED = recorded("the answer is no HTTP")
NO_ADDRESS = recorded("the address can't be called any more")


class AddressRefused(ValueError):
    """An address that is never called, with a sentence for whoever types it; the address is not repeated."""


class NotReached(Exception):
    """No answer came; the sentence is one of those above."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Target(NamedTuple):
    """An address, taken apart; `path` includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def named(self) -> str:
        """The host as the header Host has it."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"


class Answer(NamedTuple):
    """What was answered: the status, the first bytes of the body, and how long all of it took."""

    status: int
    body: bytes
    ms: int


def target_of(url: str) -> Target:
    """An address taken apart. Raises AddressRefused for one that could not be called at any time."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError) as problem:
        raise AddressRefused(_("This is no address of the form https://host/path.")) from problem
    if parts.scheme not in PORTS or not host or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise AddressRefused(_("This is no address of the form https://host/path."))
    if parts.scheme == "http" and not settings.OUTGOING_PLAIN_HTTP:
        raise AddressRefused(_("The address must begin with https://."))
    if "@" in parts.netloc or parts.fragment:
        raise AddressRefused(_("The address must contain no user, no password and no part after #."))
    query = f"?{parts.query}" if parts.query else ""
    path = quote(f"{parts.path or '/'}{query}", safe="/?&=%:@!$'()*+,;~-._[]")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path)


def require_callable(url: str) -> None:
    """Raise AddressRefused if an address can't be called, as far as can be said without asking for its name."""
    host = target_of(url).host
    try:
        is_refused = refuses(host)
    except ValueError:  # a name
        return
    if is_refused:
        raise AddressRefused(_("The host is a private, local or reserved address, which is not allowed."))


def refuses(address: str) -> bool:
    """Whether this IP address is never called: only public ones are, and those in settings.OUTGOING_NETWORKS."""
    found = _inner(ip_address(address.partition("%")[0]))
    if any(found in network for network in settings.OUTGOING_NETWORKS):
        return False
    is_special = found.is_multicast or found.is_reserved or getattr(found, "is_site_local", False)
    return is_special or not found.is_global


def post(url: str, body: bytes, headers: Mapping[str, str], *, total_s: float = TOTAL_S) -> Answer:
    """Post a body and return the answer, whatever its status. Raises NotReached."""
    if len(body) > LARGEST_BODY:
        raise ValueError(f"The body has {len(body)} bytes, more than {LARGEST_BODY}.")
    began = time.monotonic()
    try:
        target = target_of(url)
        connection = _Connection(target, _addresses(target), until=began + total_s)
    except AddressRefused as problem:  # allowed when it was typed: the settings have changed
        raise NotReached(NO_ADDRESS()) from problem
    try:
        connection.request("POST", target.path, body, {**headers, "Host": target.named, "Connection": "close"})
        answer = connection.getresponse()
        read = answer.read(READ_BODY)
    except (OSError, HTTPException, ValueError) as problem:
        raise NotReached(_why(problem)) from problem
    finally:
        connection.end()
    return Answer(answer.status, read, round(1000 * (time.monotonic() - began)))


def _why(problem: Exception) -> Sentence:
    kinds = {
        ssl.SSLCertVerificationError: CERTIFICATE,
        ssl.SSLError: ENCRYPTION,
        TimeoutError: TIME,
        HTTPException: GARBLED,
        OSError: CONNECTING,
        ValueError: GARBLED,
    }
    return next(sentence for kind, sentence in kinds.items() if isinstance(problem, kind))()


class Address(NamedTuple):
    """Where a socket connects to: its family, and the address as the resolver returned it."""

    family: int
    where: Any


def _addresses(target: Target) -> list[Address]:
    """The IP addresses of a host. Raises NotReached if there is none, or if any of them must not be called."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise NotReached(NAME()) from problem
    if any(refuses(str(where[0])) for *_kind, where in found):
        raise NotReached(PRIVATE())
    return [Address(family, where) for family, *_kind, where in found]


def _inner(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4, or behind a NAT64 gateway."""
    if isinstance(found, IPv4Address):
        return found
    if found in NAT64:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or found


class _Connection(HTTPConnection):
    """A connection to the first of some checked addresses that answers; the host's name only proves the certificate."""

    def __init__(self, target: Target, addresses: list[Address], *, until: float) -> None:
        super().__init__(target.host, target.port)
        self._target, self._addresses, self._until = target, addresses, until
        self._timed: _Timed | None = None

    def connect(self) -> None:
        self._timed = _Timed(self._secured(self._open()), self._until)
        sock: Any = self._timed
        self.sock = sock

    def end(self) -> None:
        """Close the socket, whatever was read."""
        if self._timed:
            self._timed.end()

    def _open(self) -> socket.socket:
        problem = OSError("no address")
        for address in self._addresses:
            plain = socket.socket(address.family, socket.SOCK_STREAM)
            try:
                plain.settimeout(min(CONNECT_S, _left(self._until)))
                plain.connect(address.where)
            except OSError as failure:
                plain.close()
                problem = failure
            else:
                return plain
        raise problem

    def _secured(self, plain: socket.socket) -> socket.socket:
        if self._target.scheme == "http":
            return plain
        try:
            plain.settimeout(min(CONNECT_S, _left(self._until)))
            context = ssl.create_default_context()
            if settings.OUTGOING_CA_FILE:
                context.load_verify_locations(settings.OUTGOING_CA_FILE)
            return context.wrap_socket(plain, server_hostname=self._target.host)
        except BaseException:
            plain.close()
            raise


class _Timed:
    """A socket whose every step ends at one moment, as far as http.client uses a socket."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._until))
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._until))

    def close(self) -> None:
        """Nothing: http.client closes a socket before it has read the body."""

    def end(self) -> None:
        self._sock.close()


class _Reader(io.RawIOBase):
    """Reads a socket until one moment; every byte that a slow sender sends costs time from the same amount."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._until))
        return self._sock.recv_into(buffer)


def _left(until: float) -> float:
    """The seconds that are left. Raises TimeoutError if none are."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
