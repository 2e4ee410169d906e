"""Calls of other systems' addresses: only to public ones, over TLS that is checked, within one deadline."""

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from integration.seam import outgoing
from integration.seam.outgoing import AddressRefused, NotReached, post, refuses, require_callable, target_of
from tests.doors import receivers
from tests.doors.receivers import Answer, Authority, receiving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def allowed(settings: Any, authority: Authority) -> None:
    """Loopback may be called, and the tests' authority is trusted."""
    settings.OUTGOING_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    settings.OUTGOING_CA_FILE = str(authority.file)


def why(url: str, **more: float) -> str:
    with pytest.raises(NotReached) as problem:
        post(url, b"{}", {}, **more)
    return str(problem.value)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # where clouds keep their keys
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  (refused, not bound)
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refuses(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_not_refused(address: str) -> None:
    assert not refuses(address)


def test_an_allowed_network_is_called_however_its_address_is_written(settings: Any) -> None:
    settings.OUTGOING_NETWORKS = [ip_network("10.20.0.0/16")]
    assert not refuses("10.20.1.1")
    assert not refuses("::ffff:10.20.1.1")
    assert refuses("10.21.1.1")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example/x",
        "http://hooks.example/",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "https:///x",
        "https://hooks.example:99999/",
        "https://user:secret@hooks.example/",
        "https://@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nX-Evil: 1",
        "https://hooks.example/" + "x" * 500,
        "https://[::1",
        "https://" + "a" * 70 + ".example/",
    ],
)
def test_what_is_no_https_address_is_refused_when_it_is_typed(url: str) -> None:
    with pytest.raises(AddressRefused):
        require_callable(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.1:8443", "[::ffff:192.168.0.1]"])
def test_a_typed_address_of_a_private_host_is_refused_at_once(host: str) -> None:
    with pytest.raises(AddressRefused, match="private"):
        require_callable(f"https://{host}/")


def test_an_address_is_taken_apart_as_it_is_called() -> None:
    found = target_of("https://Bücher.example:8443/hä?q=1&r=ü")
    assert found == ("https", "xn--bcher-kva.example", 8443, "/h%C3%A4?q=1&r=%C3%BC")
    assert found.named == "xn--bcher-kva.example:8443"
    assert target_of("https://hooks.example").named == "hooks.example"


def test_other_spellings_of_loopback_are_refused_once_they_are_resolved() -> None:
    for host in ("2130706433", "0x7f.1", "127.1", "localhost"):
        assert why(f"https://{host}:9/") == outgoing.PRIVATE()


def test_a_name_with_a_public_and_a_private_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    found = [(*kind, ("8.8.8.8", 443)), (*kind, ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)
    assert why("https://hooks.example/") == outgoing.PRIVATE()


@pytest.mark.usefixtures("allowed")
def test_a_name_is_resolved_once_and_the_checked_address_is_called(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers something else the second time leads nowhere."""
    with receiving(authority.context_for("localhost")) as receiver:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        answers: Iterator[Any] = iter([[(*kind, ("127.0.0.1", receiver.port))]])
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: next(answers))
        assert post(receiver.url, b'{"a":1}', {"X-One": "1"}).status == 204
    (posted,) = receiver.posted
    assert posted.body == b'{"a":1}'
    assert posted.headers["x-one"] == "1"
    assert posted.headers["host"] == f"localhost:{receiver.port}"


@pytest.mark.usefixtures("allowed")
def test_an_unreachable_host_is_not_reached() -> None:
    assert why("https://127.0.0.1:9/") == outgoing.CONNECTING()
    assert why("https://nowhere.invalid/") == outgoing.NAME()


@pytest.mark.usefixtures("allowed")
def test_a_certificate_of_another_name_is_refused(authority: Authority) -> None:
    with receiving(authority.context_for("other.example")) as receiver:
        assert why(receiver.url) == outgoing.CERTIFICATE()
    assert receiver.posted == []


@pytest.mark.usefixtures("allowed")
def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority, settings: Any, tmp_path: Path) -> None:
    settings.OUTGOING_CA_FILE = ""
    with receiving(authority.context_for("localhost")) as receiver:
        assert why(receiver.url) == outgoing.CERTIFICATE()
    assert receiver.posted == []


@pytest.mark.usefixtures("allowed")
def test_a_host_that_speaks_no_tls_gets_nothing() -> None:
    with receiving(None) as receiver:
        assert why(receiver.url) == outgoing.ENCRYPTION()
    assert receiver.posted == []


@pytest.mark.usefixtures("allowed")
def test_plain_http_is_only_called_if_the_setting_says_so(settings: Any) -> None:
    with receiving(None) as receiver:
        plain = receiver.url.replace("https", "http")
        assert why(plain) == outgoing.NO_ADDRESS()
        settings.OUTGOING_PLAIN_HTTP = True
        assert post(plain, b"{}", {}).status == 204


@pytest.mark.usefixtures("allowed")
def test_a_redirect_is_an_answer_and_not_followed(authority: Authority) -> None:
    context = authority.context_for("localhost")
    with receiving(context) as other, receiving(context, receivers.status(307, Location=other.url)) as receiver:
        assert post(receiver.url, b"{}", {}).status == 307
    assert other.posted == []


@pytest.mark.usefixtures("allowed")
def test_of_an_endless_answer_only_the_first_bytes_are_read(authority: Authority) -> None:
    with receiving(authority.context_for("localhost"), receivers.endless) as receiver:
        answer = post(receiver.url, b"{}", {})
    assert (answer.status, len(answer.body)) == (200, outgoing.READ_BODY)


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("answer", [receivers.dripping, receivers.hanging(5)], ids=["drips", "hangs"])
def test_one_deadline_ends_a_call_however_the_other_side_delays(authority: Authority, answer: Answer) -> None:
    with receiving(authority.context_for("localhost"), answer) as receiver:
        began = time.monotonic()
        assert why(receiver.url, total_s=0.5) == outgoing.TIME()
        assert time.monotonic() - began < 2


@pytest.mark.usefixtures("allowed")
def test_what_is_no_http_is_no_answer(authority: Authority) -> None:
    with receiving(authority.context_for("localhost"), receivers.garbled) as receiver:
        assert why(receiver.url) == outgoing.GARBLED()
