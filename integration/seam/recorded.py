"""Sentences that alerts, history and receipts store in English and pages show in the reader's language.

What is stored stays as it is: history is sealed, and logs, e-mails and exports name the same sentence. A page finds the
pattern a sentence was made of, and fills its translation with the same values.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.dateformat import format as date_format
from django.utils.formats import number_format
from django.utils.translation import gettext as _

NAME = re.compile(r"%\((\w+)\)s")
NUMBER = re.compile(r"\d{1,3}(,\d{3})+|\d{4,}|\d+\.\d+")
DAY = re.compile(r"\d{4}-[01]\d-[0-3]\d")
STAGE = re.compile(r"(?P<event>\S+) stage (?P<number>\d+)")
COUNTED = re.compile(r"(?P<count>[\d,]+) (?P<what>\D.*)")


class Sentence(str):
    """A sentence that `in_words` can translate."""

    __slots__ = ()


class Pattern:
    """A sentence with places for values; calling it fills them."""

    def __init__(self, text: str) -> None:
        self.text = text
        parts = NAME.split(text.replace("%%", "%"))
        self.stored = re.compile(
            "".join(f"(?P<{part}>.*)" if n % 2 else re.escape(part) for n, part in enumerate(parts)), re.DOTALL
        )

    def __call__(self, **values: Any) -> Sentence:
        return Sentence((self.text % values).strip())


_PATTERNS: dict[str, Pattern] = {}


def recorded(text: str) -> Pattern:
    """Return the pattern of a stored sentence, written as for gettext: `%(name)s`, and `%%` for a percent sign.

    Call it where a module begins: a page only knows the patterns of modules that have been imported.
    """
    return _PATTERNS.setdefault(text, Pattern(text))


NOT_NEWER = recorded("revision %(new)s is not newer than %(known)s")
VERSION_NOT_NEWER = recorded("version %(new)s is not newer than %(known)s")
ANSWERED = recorded("answered “%(answer)s” already")
ALREADY_LOADED = recorded("the reservations are already loaded")
# Pages don't import the demo, but show its alert.
DEMO_PASSWORD = recorded(
    "Anybody can sign in as %(people)s: they have the demo's password, which is public. "
    "Users and roles: take “May sign in” away from them."
)
# Nor what e-mails alerts.
NOT_MAILED = recorded(
    "Alerts could not be e-mailed to %(person)s (%(failure)s), and are not tried again. Correct the address of the "
    "account."
)
SYSTEM = recorded("system")  # who did what the clock started
UNRESERVED = recorded("%(count)s outcomes of devices that were not reserved")


def patterns() -> list[Pattern]:
    """Every pattern of the project."""
    return list(_PATTERNS.values())


def in_words(said: object) -> str:
    """Return a stored sentence, or the name of a stage, in the reader's language; other text as it is, None as ""."""
    stored = "" if said is None else str(said)
    # A sentence within another one matches both patterns: the longer one is the whole.
    for pattern in sorted(_PATTERNS.values(), key=lambda one: -len(NAME.sub("", one.text))):
        # Values at the end may be empty, and what is stored has no blank at its end.
        if found := pattern.stored.fullmatch(stored) or pattern.stored.fullmatch(f"{stored} "):
            values = {name: _value(value) for name, value in found.groupdict().items()}
            return (_(pattern.text) % values).strip()
    found = STAGE.fullmatch(stored)
    return _("%(event)s stage %(number)s") % found.groupdict() if found else stored


def _value(text: str) -> str:
    """A value of a sentence: a number, a day, a stage, counts of things, another sentence, or a name."""
    if NUMBER.fullmatch(text):
        return str(number_format(Decimal(text.replace(",", "")), use_l10n=True, force_grouping=True))
    if DAY.fullmatch(text):
        return date_format(date.fromisoformat(text), "j M Y")
    if COUNTED.fullmatch(text):
        return ", ".join(_counted(part) for part in text.split(", "))
    shown = in_words(text)
    return _(text) if shown == text and text else shown


def _counted(text: str) -> str:
    found, shown = COUNTED.fullmatch(text), in_words(text)
    return f"{_value(found['count'])} {_value(found['what'])}" if found and shown == text else shown
