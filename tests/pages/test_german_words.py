"""German has one word for one thing: of two that mean the same, the texts use one."""

import re

import pytest
from babel.messages.pofile import read_po

from integration.project.words import Catalogue

# The word not to use, and the one in its place.
ONE_WORD = {
    "Head-End": "Kopfstelle",
    "Reduktion": "Reduzierung",
    "Event": "Ereignis",
    "Feeder": "Abgang",
    "Programm-Ereignis": "Programmereignis",
}


@pytest.mark.parametrize("word", ONE_WORD)
def test_texts_use_one_word_for_one_thing(word: str) -> None:
    used = re.compile(rf"\b{word}(s|en|e)?\b")
    found = [text for text in german() if used.search(text)]
    assert found == [], f"say {ONE_WORD[word]}"


def german() -> list[str]:
    """Every German text of the catalogue, plurals too."""
    with Catalogue("de").source.open("rb") as file:
        found = [message.string for message in read_po(file, locale="de") if message.id]
    return [text for one in found for text in ([one] if isinstance(one, str) else one)]
