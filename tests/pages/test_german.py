"""German is whole: a page in German shows nothing in English but data.

Every page of the demo is opened in both languages. A text that is the same in both must be data, a name, a code, or a
text of the catalogue whose German is the same word.
"""

import re
from html.parser import HTMLParser

import pytest
from babel.messages.pofile import read_po
from django.apps import apps
from django.test import Client

from derms.models import Event
from integration.console.models import User
from integration.project.words import Catalogue
from integration.seam.service_accounts import ServiceAccount
from tests.security.test_permissions import MAY

from .examples import PEOPLE, example_of, pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]

# Attributes that people see or hear.
SHOWN = ("aria-label", "title", "placeholder", "alt", "data-title", "data-unit")
NOT_SHOWN = ("script", "style", "pre", "code", "kbd")
ENGLISH_ON_PURPOSE = ("help/",)  # the documentation
NAMES = (
    "name", "event_name", "code", "number", "username", "address", "description", "nic_id", "model", "substation",
    "transformer", "reason",
)  # fmt: skip
LETTERS = re.compile(r"[A-Za-z]{2}")
CODES = re.compile(
    r"\b(DR-\d{4}-\d+|\w+-\d+|USD|kWh?|MWh?|min|UTC|E[SD]T|Jan|Feb|Apr(?:il)?|Jun|Jul|Aug(?:ust)?|Sep(?:tember)?|Nov(?:ember)?|CSV|Excel|Parquet|Gridcall"
    r"|DERMS|External CPM|CPM|LEC|Live Energy Connect|D1[A-Z]{2}|SUCCESS|EMAIL_FROM|NIGHTLY_TIME_ZONE|English|Deutsch"
    r"|[0-9a-f]{8}-[0-9a-f-]{27}"
    r"|[\w.-]+@[\w.]+|sa-[0-9a-f]{16}|[a-z_]+:(?:read|write)|(?:read|write)_[a-z_]+|[a-z]+\.[a-z]+)\b|^(stage|device|program):\S*$|^\w+/[\w/+-]+$"
)


class Texts(HTMLParser):
    """The texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._unseen = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in NOT_SHOWN
        self.found |= {" ".join(text.split()) for name, text in attrs if name in SHOWN and text}

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in NOT_SHOWN

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.add(" ".join(data.split()))


def texts_of(person: User, client: Client, path: str, language: str) -> set[str]:
    User.objects.filter(pk=person.pk).update(language=language)
    answer = client.get(path)
    assert answer.status_code == 200, path
    return Texts(answer.content.decode()).found


def signed_in(username: str) -> tuple[User, Client]:
    person, client = User.objects.get(username=username), Client()
    client.force_login(person)
    return person, client


def names_in_data() -> list[str]:
    """What people called things, the longest first."""
    models = [model for model in apps.get_models() if model._meta.app_label in ("derms", "cpm", "lec_sim", "config")]
    models.append(ServiceAccount)
    found: set[object] = set()
    for model in models:
        fields = [field for field in model._meta.concrete_fields if field.name in NAMES and not field.choices]
        for field in fields:
            found |= set(model._default_manager.values_list(field.name, flat=True).distinct())
    return sorted((name for name in found if name and isinstance(name, str)), key=len, reverse=True)


def same_in_german() -> set[str]:
    """Texts whose German is the same word."""
    with Catalogue("de").source.open("rb") as file:
        return {str(message.id) for message in read_po(file, locale="de") if message.id == message.string}


def left_over(text: str, names: list[str], same: set[str]) -> str:
    """What of a text is neither data nor a code, unless German has the same word; its letters alone matter."""
    for name in names:
        text = text.replace(name, "")
    parts = (part.strip(" :;,.") for part in re.split(r"[·→()\n]", CODES.sub("", text)))
    return " ".join(part for part in parts if part not in same and LETTERS.search(part))


def test_a_german_page_has_no_english_but_data() -> None:
    events = Event.objects.in_bulk(field_name="number")
    more = {event.state: f"/events/{number}/" for number, event in events.items()}.values()
    addresses = [address for address in pages() if not address.startswith(ENGLISH_ON_PURPOSE)]
    opened = [(PEOPLE[MAY[address][0]], example_of(address)) for address in addresses]
    first_seen: dict[str, str] = {}
    people = {username: signed_in(username) for username, _path in opened}
    for username, path in [*opened, *(("olive.operator", path) for path in more)]:
        both = texts_of(*people[username], path, "de") & texts_of(*people[username], path, "en")
        for text in both:
            first_seen.setdefault(text, path)
    names, same = names_in_data(), same_in_german()
    found = {text: rest for text in first_seen if (rest := left_over(text, names, same))}
    assert not found, "\n".join(f"{first_seen[text]}: {text!r}, of which {rest!r}" for text, rest in found.items())


def test_an_english_word_would_be_found() -> None:
    assert left_over("Cool Saver: water_heater · 12.5 kW", ["Cool Saver"], set()) == "water_heater"
    assert left_over("Cool Saver: Status · DR-2026-0001", ["Cool Saver"], {"Status"}) == ""
