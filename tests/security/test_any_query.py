"""Anything in an address, its path or its query: an answer below 500, with a sentence, and nothing is changed."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.console.models import User
from tests.pages.examples import example_of
from tests.security.test_permissions import MAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]

# What pages read of their query, besides the fields of their forms.
NAMES = (
    "after", "order", "sort", "page", "q", "number", "view", "strategy", "zone", "program", "state", "starts_at",
    "date", "event", "program_event", "devices", "device", "kind", "format", "hour", "uid", "seen", "answers",
    "priority", "stages-TOTAL_FORMS", "next", "customer",
)  # fmt: skip
# Quoted as a client sends them: some of these bytes are no text.
HOSTILE = (
    "%00", "a%00b", "%ED%A0%80", "%FF%FE", "9" * 5000, "-1", "0", "1e999999", "NaN", "9" * 20, "99999999999",
    "0001-01-01", "9999-12-31T23%3A59%3A59Z", "10000-01-01", "2026-02-30", "2026-03-29T02%3A30", "~", "~~", "%E2%80%AE",
    quote('"><script>alert(1)</script>'), quote("'; DROP TABLE derms_event; --"), "..%2F..%2Fetc%2Fpasswd", "%25s",
    "2026-11-27T00%3A00%3A00Z~x", "9999-12-31T23%3A59%3A59%2B00%3A00~" + "9" * 30, "%EF%BC%9D1%2B1", "%E2%80%8B",
)  # fmt: skip
PLACE = re.compile(r"<(\w+):\w+>")
OPEN = [address for address, who in MAY.items() if who not in ("?",) and "my-devices" not in address]


# Each text at each fourth address, and so each address with each fourth text; all of them in the full dose.
SHARES = pytest.mark.parametrize("share", [4, pytest.param(1, marks=pytest.mark.full)])


@pytest.fixture
def everybody(outsider: User) -> Client:
    """Somebody who may open every page."""
    outsider.is_superuser = True
    outsider.save()
    client = Client(raise_request_exception=False)
    client.force_login(outsider)
    return client


def asked(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code < 500, (address, answer.status_code)
    if not answer.streaming and answer.status_code >= 400 and answer.status_code != 405:
        words = re.sub(r"<[^>]+>", " ", answer.content.decode()).split()
        assert len(words) > 3, (address, answer.status_code, words)
        assert "<script>alert" not in answer.content.decode(), address


@pytest.mark.parametrize("examples", [150, pytest.param(5000, marks=pytest.mark.full)])
def test_whatever_a_query_contains_is_answered_in_words(examples: int, everybody: Client) -> None:
    addresses = {address: _example(address) for address in OPEN}
    any_text = st.text(max_size=40).map(lambda text: quote(text, errors="surrogatepass"))

    @settings(max_examples=examples)
    @given(
        address=st.sampled_from(OPEN),
        query=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(HOSTILE) | any_text, min_size=1, max_size=4),
    )
    def ask(address: str, query: dict[str, str]) -> None:
        asked(everybody, f"{addresses[address]}?{'&'.join(f'{name}={value}' for name, value in query.items())}")

    ask()


@SHARES
@pytest.mark.parametrize("hostile", HOSTILE)
def test_whatever_a_path_contains_is_answered_in_words(hostile: str, share: int, everybody: Client) -> None:
    for address in share_of(share, hostile, [one for one in OPEN if PLACE.search(one)]):
        asked(everybody, "/" + PLACE.sub(hostile, address))


@SHARES
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_place_in_a_list_that_is_none_is_answered_in_words(hostile: str, share: int, everybody: Client) -> None:
    for address in share_of(share, hostile, [one for one in OPEN if not PLACE.search(one)]):
        asked(everybody, f"/{address}?after={hostile}")


def share_of(share: int, hostile: str, addresses: list[str]) -> list[str]:
    return addresses[HOSTILE.index(hostile) % share :: share]


def _example(address: str) -> str:
    known: Callable[[str], str] = example_of
    try:
        return known(address)
    except LookupError:
        return "/" + PLACE.sub("1", address)
