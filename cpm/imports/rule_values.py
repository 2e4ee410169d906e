"""What the cells of a program's rules may hold: lists of days, weekdays, times of day, days of the year."""

import re
from dataclasses import dataclass
from datetime import date

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from integration.importing.dates import Day
from integration.importing.values import Fault, Layout, Reading, Text
from integration.seam.program_rules import RULES
from integration.seam.recorded import recorded

from ..questions import MOST_CHARACTERS, line_of, question_of

NO_TIME_OF_DAY = recorded("It is no time of day; write it like 16:30.")
NO_MONTH_DAY = recorded("It is no day of a year; write month and day like 06-01.")
NO_WEEKDAYS = recorded("They are no weekdays; write them like Mon Tue Wed.")
TOO_MANY = recorded("It has %(count)s values; at most %(most)s are kept.")
NO_RULES = recorded("There is no rule “%(value)s”. Rules: %(rules)s.")
NO_QUESTION = recorded("“%(value)s” says no answer. Write the one that is wanted at its end, yes or no.")
WEEKDAYS = (("mon", "mo"), ("tue", "di"), ("wed", "mi"), ("thu", "do"), ("fri", "fr"), ("sat", "sa"), ("sun", "so"))
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_MONTH_DAY = re.compile(r"(\d{1,2})-(\d{1,2})", re.ASCII)
PARTS = re.compile(r"[\s,;]+")


class TimeOfDay:
    """A local time of day."""

    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        found = _TIME.fullmatch(text)
        return f"{int(found[1]):02}:{found[2]}:{found[3] or '00'}" if found else Fault(NO_TIME_OF_DAY())


class MonthDay:
    """A day of every year."""

    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        found = _MONTH_DAY.fullmatch(text)
        try:
            # A year with a 29 February.
            return f"{date(2000, int(found[1]), int(found[2])):%m-%d}" if found else Fault(NO_MONTH_DAY())
        except ValueError:
            return Fault(NO_MONTH_DAY())


class Weekdays:
    """Weekdays by their English or German names, stored as numbers; Monday is 0."""

    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        names = [part.casefold().rstrip(".") for part in PARTS.split(text)]
        days = [
            number
            for name in names
            for number, known in enumerate(WEEKDAYS)
            if name == str(number) or name[:3] == known[0] or name[:2] == known[1]
        ]
        return " ".join(map(str, sorted(set(days)))) if len(days) == len(names) else Fault(NO_WEEKDAYS())

    def in_words(self, stored: str) -> str:
        return ", ".join(str(WEEKDAYS_ABBR[int(day)]) for day in stored.split())


class Days:
    """Calendar days, in order."""

    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        read = Day().reading(layout)
        return lambda text: _joined([read(part) for part in PARTS.split(text)])


@dataclass(frozen=True)
class RuleNames:
    """Names of program rules."""

    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        names = PARTS.split(text)
        unknown = next((name for name in names if name not in RULES), None)
        return Fault(NO_RULES(value=unknown, rules=", ".join(RULES))) if unknown else " ".join(sorted(names))

    def in_words(self, stored: str) -> str:
        return ", ".join(_(RULES[name].reason) for name in stored.split())


SEPARATOR = "|"


@dataclass(frozen=True)
class Listed:
    """Values between bars, each read by itself; at most so many."""

    read_one: Reading
    most: int
    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        parts = [self.read_one(part) for part in filter(None, map(str.strip, text.split(SEPARATOR)))]
        if fault := next((part for part in parts if isinstance(part, Fault)), None):
            return fault
        if len(parts) > self.most:
            return Fault(TOO_MANY(count=len(parts), most=self.most))
        return SEPARATOR.join(dict.fromkeys(parts))


def read_question(text: str) -> str:
    """A question with the answer that is wanted at its end."""
    if isinstance(fault := Text(MOST_CHARACTERS).read(text), Fault):
        return fault
    question = question_of(text)
    return line_of(question) if question else Fault(NO_QUESTION(value=text))


def _joined(days: list[str]) -> str:
    fault = next((day for day in days if isinstance(day, Fault)), None)
    return fault or " ".join(sorted(set(days)))
