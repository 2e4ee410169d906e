"""German has one word for one thing: of two that mean the same, the texts use one."""

import re

import pytest
from babel.messages.pofile import read_po
from django.utils import translation
from django.utils.translation import gettext

from integration.project.words import Catalogue
from integration.seam.recorded import in_words

# The word not to use, and the one in its place.
ONE_WORD = {
    "Head-End": "Kopfstelle",
    "Reduktion": "Reduzierung",
    "Event": "Ereignis",
    "Feeder": "Abgang",
    "Programm-Ereignis": "Programmereignis",
    "NIC id": "NIC-ID",
    "abgerufen": "aufgerufen",
    "Abruf": "Aufruf",
}


@pytest.mark.parametrize("word", ONE_WORD)
def test_texts_use_one_word_for_one_thing(word: str) -> None:
    used = re.compile(rf"\b{word}(s|en|e)?\b")
    found = [text for text in german() if used.search(text)]
    assert found == [], f"say {ONE_WORD[word]}"


def test_opting_out_and_leaving_a_program_have_words_of_their_own() -> None:
    with translation.override("de"):
        assert (gettext("Opt Out"), gettext("Unenroll")) == ("Abmelden", "Kündigen")
        assert gettext("Devices asked") == "Angefragte Geräte"
        assert gettext("Edit %(number)s") % {"number": "DR-2026-0024"} == "DR-2026-0024 bearbeiten"


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ("There is no head end system “sample-cloud”.", "Es gibt keine Kopfstelle „sample-cloud“."),
        ("There is no transformer “T9”.", "Es gibt keinen Transformator „T9“."),
        ("The rated power is 0 W; it must be above 0 W.", "Die Nennleistung ist 0 W; sie muss über 0 W liegen."),
    ],
)
def test_what_derms_refuses_is_read_in_german(refused: str, said: str) -> None:
    with translation.override("de"):
        assert in_words(refused) == said


def german() -> list[str]:
    """Every German text of the catalogue, plurals too."""
    with Catalogue("de").source.open("rb") as file:
        found = [message.string for message in read_po(file, locale="de") if message.id]
    return [text for one in found for text in ([one] if isinstance(one, str) else one)]
