"""The utility's holidays, and what is known of the public ones of countries."""

from collections.abc import Iterable
from datetime import date

import holidays
from django.db.models import QuerySet
from holidays.registry import COUNTRIES

from cpm.models.holidays import THE_ONLY, Holiday, HolidayCalendar

LONGEST_NAME = 120  # characters


def holiday_calendar() -> HolidayCalendar | None:
    """Whose public holidays the utility keeps; None before somebody chose."""
    return HolidayCalendar.objects.filter(pk=THE_ONLY).first()


def coming_holidays(today: date) -> QuerySet[Holiday]:
    return Holiday.objects.filter(day__gte=today)


def days_without_events() -> tuple[date, ...]:
    """All holidays of the utility, in order."""
    return tuple(Holiday.objects.order_by("day").values_list("day", flat=True).distinct())


def country_named(name: str) -> str | None:
    """The code of two letters of a country, which is named by it or in English; None if its holidays aren't known."""
    known = {code.casefold(): code for _class, code, *_aliases in COUNTRIES.values()}
    known |= {module.replace("_", " "): code for module, (_class, code, *_aliases) in COUNTRIES.items()}
    return known.get(name.casefold())


def parts_of(country: str) -> list[str]:
    """The parts of a country that have public holidays of their own, by their codes."""
    return sorted(holidays.list_supported_countries(include_aliases=False).get(country, []))


def part_named(country: str, name: str) -> str | None:
    """The code of a part of a country, which is named by it or in full; None if there is none such."""
    known = {code.casefold(): code for code in parts_of(country)}
    in_full = getattr(holidays.country_holidays(country), "subdivisions_aliases", {})
    known |= {text.casefold(): code for text, code in in_full.items()}
    return known.get(name.casefold())


def public_holidays(country: str, part: str, years: Iterable[int]) -> dict[date, str]:
    """The public holidays of some years with their names in the country's own language; without a country, none."""
    if not country:
        return {}
    language = holidays.country_holidays(country).default_language
    found = holidays.country_holidays(country, subdiv=part or None, years=years, language=language)
    return {day: name[:LONGEST_NAME] for day, name in sorted(found.items()) if day.year in years}
