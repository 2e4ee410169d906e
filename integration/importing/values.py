"""What a cell may hold: each type reads a text into the text that PostgreSQL takes, or returns what is wrong."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from integration.seam.recorded import recorded

EMPTY = recorded("The value is missing.")
TOO_LONG = recorded("It has %(length)s characters; at most %(most)s are stored.")
FORMULA = recorded("The cell is a formula. Save the file with values in place of formulas.")
SHORTENED = recorded(
    "A spreadsheet shortened this id to a power of ten. Format the column as text and export it again."
)
UNPRINTABLE = recorded("It contains a character that can't be stored.")
HIDDEN = recorded("It contains a character that nobody sees (%(code)s). Remove it.")
NO_NUMBER = recorded("It is no number; this file's decimal sign is “%(sign)s”, without signs for thousands.")
NO_WHOLE_NUMBER = recorded("It is no whole number.")
OUTSIDE = recorded("It is not between %(least)s and %(most)s.")
NO_FLAG = recorded("It is neither yes nor no.")
NO_ZONE = recorded("There is no such time zone; write it like Europe/Berlin.")
NO_EMAIL = recorded("It is no e-mail address.")
NO_CHOICE = recorded("It is none of %(choices)s.")

# As spreadsheets write it: one digit before the decimals, and a sign. Ids such as 01E5 and 1E5 are some meters' own.
POWER_OF_TEN = r"[0-9]([.,][0-9]+)?[eE]\+[0-9]+"
# Most addresses; the others are looked at one by one.
EMAIL_OF_ASCII = r"^[A-Za-z0-9_+-]+([.][A-Za-z0-9_+-]+)*@([A-Za-z0-9]+(-[A-Za-z0-9]+)*[.])+[A-Za-z]{2,63}$"
_POWER_OF_TEN = re.compile(POWER_OF_TEN)
# Categories of characters that nobody sees, and those of them that texts need: line breaks, joiners of many scripts.
_HIDDEN, _NEEDED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"), "\t\n\r\u200c\u200d"
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
YES = {"yes", "y", "true", "t", "1", "x", "ja", "j", "wahr"}
NO = {"no", "n", "false", "f", "0", "nein", "falsch"}
DAY_ORDERS = {"dmy": "day/month/year", "mdy": "month/day/year"}


class Fault(str):
    """What is wrong with a value, as a sentence."""

    __slots__ = ()


class Layout(NamedTuple):
    """How a file writes numbers, dates with slashes, times without an offset, and whether hours are named by ends."""

    decimal: str = "."
    day_order: str = "mdy"
    time_zone: str = "UTC"
    hour_ends: bool = False

    @property
    def dates(self) -> str:
        return f"2026-12-31, 31.12.2026 or {DAY_ORDERS[self.day_order]}"


Reading = Callable[[str], str]


def _without_hidden(text: str) -> str:
    """The text; a Fault if it has a character that nobody sees."""
    for character in text:
        if unicodedata.category(character) in _HIDDEN and character not in _NEEDED:
            return Fault(HIDDEN(code=f"U+{ord(character):04X}"))
    return text


@dataclass(frozen=True)
class Text:
    """Text of at most so many characters."""

    most: int
    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        if text[0] == "=":
            return Fault(FORMULA())
        if len(text) > self.most:
            return Fault(TOO_LONG(length=f"{len(text):,}", most=self.most))
        if "\0" in text:
            return Fault(UNPRINTABLE())
        return text if text.isprintable() else _without_hidden(text)


@dataclass(frozen=True)
class Code(Text):
    """An id: text that keeps its leading zeros, and that a spreadsheet may have damaged."""

    def read(self, text: str) -> str:
        if _POWER_OF_TEN.fullmatch(text):
            return Fault(SHORTENED())
        return super().read(text)


class Email(Text):
    """An e-mail address, by the rule of pages."""

    def read(self, text: str) -> str:
        if isinstance(fault := super().read(text), Fault):
            return fault
        try:
            validate_email(text)
        except ValidationError:
            return Fault(NO_EMAIL())
        return text


@dataclass(frozen=True)
class Number:
    """A number, stored as a whole one after it is multiplied, for example MW as kW."""

    least: float
    most: float
    times: int = 1
    postgres = "bigint"

    def reading(self, layout: Layout) -> Reading:
        return lambda text: self.read(text, layout.decimal)

    def read(self, text: str, sign: str) -> str:
        number = _number(text, sign)
        if isinstance(number, Fault):
            return number
        if not self.least <= number <= self.most:
            return Fault(OUTSIDE(least=f"{self.least:,}", most=f"{self.most:,}"))
        return self.stored(number, text)

    def stored(self, number: float, text: str) -> str:
        return str(round(number * self.times))


@dataclass(frozen=True)
class Whole(Number):
    """A whole number; one with three decimals is refused, since it may be in thousands."""

    def stored(self, number: float, text: str) -> str:
        decimals = text[max(text.rfind("."), text.rfind(",")) + 1 :] if "." in text or "," in text else ""
        return str(int(number)) if number == int(number) and len(decimals) < 3 else Fault(NO_WHOLE_NUMBER())


@dataclass(frozen=True)
class Share(Number):
    """A number stored with at most three decimals: a share, or MW to the kW."""

    postgres = "double precision"

    def stored(self, number: float, text: str) -> str:
        return repr(round(number, 3))


class Flag:
    """Yes or no."""

    postgres = "boolean"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        value = text.casefold()
        return "t" if value in YES else "f" if value in NO else Fault(NO_FLAG())


@dataclass(frozen=True)
class Choice:
    """One of a few values, also by other names."""

    values: tuple[str, ...]
    others: Mapping[str, str] = field(default_factory=dict)
    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        known = self._by_name.get(_plain(text))
        return known or Fault(NO_CHOICE(choices=", ".join(self.values)))

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {_plain(name): value for name, value in {**dict(zip(self.values, self.values)), **self.others}.items()}  # noqa: B905


class Zone:
    """The name of a time zone."""

    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        try:
            return ZoneInfo(text).key if len(text) <= 40 else Fault(NO_ZONE())
        except (KeyError, ValueError, OSError):  # what is no key, or no name of a file
            return Fault(NO_ZONE())


class Type(Protocol):
    """What a column may hold: the type in PostgreSQL, and how its cells are read."""

    @property
    def postgres(self) -> str: ...

    def reading(self, layout: Layout) -> Reading: ...


def _number(text: str, sign: str) -> float | Fault:
    other = "," if sign == "." else "."
    plain = "" if other in text else text.replace(sign, ".")
    return float(plain) if _NUMBER.fullmatch(plain) and len(plain) < 20 else Fault(NO_NUMBER(sign=sign))


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
