"""Ids in addresses: whatever text is an id, its pages open, and an address leads back to exactly that id."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from cpm import models as cpm
from derms import models as derms
from integration.console.models import User
from integration.pages.ids import quote_id, unquote_id
from integration.seam.settling import settle

IDS = [
    "EVSE/01/2", "what?", "a#b", "100%", "a b", " ", ".", "..", "...", "../..", "~2F", "%2F", "\\", "a;b&c=d", "'\"<>",
    "Zähler-Ü", "e\u0301", "\u200d", "電力", "x" * 200,
]  # fmt: skip
OTHERS = {"int": 1, "uuid": UUID(int=0), "path": "how-to/csr"}


@pytest.mark.parametrize("text", IDS)
def test_an_id_comes_back_from_its_address(text: str) -> None:
    part = quote_id(text)
    assert unquote_id(part) == text
    assert not set(part) & set("/?#%\\ ;&\"'<>")
    assert part.strip(".")


def test_an_id_of_letters_and_digits_stays_as_it_is() -> None:
    assert quote_id("N0000042") == "N0000042"
    assert quote_id("EVSE/01/2") == "EVSE~2F01~2F2"


@pytest.mark.parametrize("text", IDS)
def test_every_address_with_an_id_leads_back_to_its_page_and_its_id(text: str) -> None:
    _leads_back(text)


def test_a_fixed_part_of_an_address_as_an_id_leads_to_the_page_of_that_id() -> None:
    """A program "new" once opened the form for another program."""
    fixed = set(re.findall(r"[^/<>]+(?=/)", re.sub("<[^>]*>", "", "/".join(_routes()))))
    assert {"new", "export", "participation", "programs"} <= fixed
    for word in fixed:
        _leads_back(word)


def _leads_back(text: str) -> None:
    for name, kinds in _addresses():
        given = {one: text if kind == "id" else OTHERS[kind] for one, kind in kinds.items()}
        address = reverse(name, kwargs=given)
        found = resolve(unquote(urlsplit(address).path))
        assert (found.view_name, found.kwargs | found.captured_kwargs) == (name, found.kwargs | given), address


def test_no_address_of_ours_has_an_id_that_is_not_quoted() -> None:
    kinds = {kind for _name, captured in _in(get_resolver()) for kind in captured.values()}
    assert kinds == {"id", "int", "uuid", "path"}
    assert [name for name, captured in _in(get_resolver()) if "path" in captured.values()] == ["help"]


@pytest.mark.django_db
@pytest.mark.usefixtures("without_emails")
def test_pages_of_a_device_open_from_their_links(
    event_in: Callable[..., derms.Event], operator: User, csr: User, client: Client
) -> None:
    nic_ids = [text for text in IDS if len(text) <= 40 and text.strip()]
    assert 10 < len(nic_ids) <= 20, "a device of the fleet for each"
    for number, nic_id in enumerate(nic_ids, 1):
        cpm.Device.objects.filter(nic_id=f"N{number:07}").update(nic_id=nic_id)
        derms.Device.objects.filter(nic_id=f"N{number:07}").update(nic_id=nic_id)
    event = event_in("Scheduled")
    settle()

    client.force_login(operator)
    _open(client, [reverse("derms:device", args=["HE1", nic_id]) for nic_id in nic_ids], on="/devices/")
    client.force_login(csr)
    _open(
        client,
        [reverse("cpm:participation", args=[event.number, 1, "HE1", nic_id]) for nic_id in nic_ids],
        on=f"/program-events/participation/?program_event={event.number}-1",
    )


@pytest.mark.django_db
def test_pages_of_customers_programs_and_people_open_whatever_their_ids(
    event_in: Callable[..., derms.Event], csr: User, program_manager: User, administrator: User, client: Client,
    now: datetime,
) -> None:  # fmt: skip
    event_in("New")
    cpm.Customer.objects.filter(pk=cpm.Customer.objects.earliest("pk").pk).update(number="0/1?#~%")
    cpm.Program.objects.update(code="COOL/2")
    cpm.ProgramType.objects.update(code="..")
    User.objects.filter(pk=csr.pk).update(username="..")

    client.force_login(csr)
    _opens(client, reverse("cpm:customer", args=["0/1?#~%"]), on="/customers/")
    client.force_login(program_manager)
    _opens(client, reverse("cpm:program", args=["COOL/2"]), on="/programs/")
    _opens(client, reverse("cpm:program_type", args=[".."]), on="/programs/")
    client.force_login(administrator)
    _opens(client, reverse("user_edit", args=[".."]), on="/settings/users/")


def _opens(client: Client, address: str, *, on: str) -> None:
    _open(client, [address], on=on)


def _open(client: Client, addresses: list[str], *, on: str) -> None:
    page = client.get(on)
    assert page.status_code == 200, on
    for address in addresses:
        assert f'href="{address}"' in page.content.decode(), (on, address)
        assert client.get(address).status_code == 200, address


def _addresses() -> Iterator[tuple[str, dict[str, str]]]:
    """The names of our addresses with an id, and what they capture, by kind."""
    for name, kinds in _in(get_resolver()):
        if "id" in kinds.values() and not name.endswith("None"):  # other systems' addresses have no names
            yield name, kinds


def _in(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _in(entry, f"{entry.namespace}:" if entry.namespace else space)
        elif isinstance(entry, URLPattern) and _is_ours(entry):
            captured = str(entry.pattern).split("<")[1:]
            kinds = [one.split(">")[0].split(":") for one in captured]
            yield f"{space}{entry.name}", {name: kind for kind, name in kinds}


def _routes(resolver: URLResolver | None = None) -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from _routes(entry)
        elif _is_ours(entry):
            yield str(entry.pattern)


def _is_ours(entry: URLPattern) -> bool:
    return entry.callback.__module__.split(".")[0] in {"integration", "derms", "cpm", "lec_sim"}
