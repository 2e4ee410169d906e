"""English and German are complete: every text people read is translated, with the same placeholders."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client

from integration.console.models import User
from integration.project.words import Catalogue, words_of_project
from tests.pages.html import html_of

PLACE = re.compile(r"%(?:\(\w+\))?[sd%]|\{\w+\}")
LANGUAGES = [language for language, _name in settings.LANGUAGES[1:]]


def _pairs(language: str) -> Iterator[tuple[str, str]]:
    """Each text with its translation; for plural texts, each form."""
    with Catalogue(language).source.open("rb") as file:
        for message in read_po(file, locale=language):
            if isinstance(message.id, str):
                yield message.id, str(message.string)
            else:
                yield from zip(message.id, message.string, strict=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated_and_compiled(language: str) -> None:
    assert Catalogue(language).gaps(words_of_project(Path(settings.BASE_DIR))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_names_what_the_original_names(language: str) -> None:
    pairs = [(one, said) for one, said in _pairs(language) if one]
    assert pairs
    assert [one for one, said in pairs if sorted(PLACE.findall(one)) != sorted(PLACE.findall(said))] == []


def test_a_page_is_german_for_whoever_chose_german(client: Client, operator: User) -> None:
    operator.language = "de"
    operator.save()
    client.force_login(operator)
    page = html_of(client.get("/events/"))
    assert '<html lang="de"' in page
    assert "Neues Ereignis" in page
    assert "New Event" not in page
