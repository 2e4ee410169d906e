"""Keeping the utility's holidays, and sending DERMS the programs that have no events on them."""

from datetime import date, datetime

import pghistory
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cpm.models.holidays import THE_ONLY, Holiday, HolidayCalendar
from cpm.models.programs import Program
from cpm.queries.holidays import public_holidays
from integration.seam.refusals import Refused
from integration.seam.versions import lock_version, save_version

from .enrollment import send_program_rules

YEARS_AHEAD = 3
BY_CLOCK = "system"


class HolidayTaken(Refused):
    """The day is one of the utility's own holidays already."""


@transaction.atomic
def choose_country(*, country: str, part: str, by: str, now: datetime, version: int | None = None) -> None:
    """Keep the public holidays of another country, or of none.

    `version` is the one the person saw. Raises SavedMeanwhile.
    """
    HolidayCalendar.objects.get_or_create(pk=THE_ONLY)
    calendar = lock_version(HolidayCalendar.objects.filter(pk=THE_ONLY), version)
    with pghistory.context(by=by):
        save_version(calendar, {"country": country, "part": part}, by=by, now=now)
    _take_over(calendar, by, now)


@transaction.atomic
def renew_holidays(*, now: datetime) -> None:
    """Take over the public holidays of last year and the coming ones; repeated, it changes nothing."""
    calendar = HolidayCalendar.objects.select_for_update(no_key=True).filter(pk=THE_ONLY).first()
    if calendar:
        _take_over(calendar, BY_CLOCK, now)


@transaction.atomic
def add_holiday(*, day: date, name: str, by: str, now: datetime) -> None:
    """Add a date of the utility's own. Raises HolidayTaken."""
    try:
        with transaction.atomic(), pghistory.context(by=by):
            Holiday.objects.create(day=day, name=name, is_own=True)
    except IntegrityError as taken:
        raise HolidayTaken(
            _("%(day)s is one of your own holidays already. Remove it first to give it another name.") % {"day": day}
        ) from taken
    send_holidays(by=by, now=now)


@transaction.atomic
def remove_holiday(*, day: date, by: str, now: datetime) -> None:
    """Remove a date of the utility's own; repeated, it changes nothing."""
    with pghistory.context(by=by):
        removed, _of = Holiday.objects.filter(day=day, is_own=True).delete()
    if removed:
        send_holidays(by=by, now=now)


def send_holidays(*, by: str, now: datetime) -> None:
    """Send DERMS each program without events on holidays, as its next version: the days are among its rules."""
    for pk in Program.objects.filter(follows_holidays=True).order_by("pk").values_list("pk", flat=True):
        program = lock_version(Program.objects.filter(pk=pk), None)
        if program.follows_holidays:
            with pghistory.context(by=by):
                save_version(program, {}, by=by, now=now, also=True)
            send_program_rules(program_id=pk)


def _take_over(calendar: HolidayCalendar, by: str, now: datetime) -> None:
    """Make the public holidays those that the country has by now."""
    years = range(now.year - 1, now.year + YEARS_AHEAD + 1)
    wanted = public_holidays(calendar.country, calendar.part, years)
    known = Holiday.objects.filter(is_own=False)
    if dict(known.values_list("day", "name")) == wanted:
        return
    known.exclude(day__in=wanted).delete()
    Holiday.objects.bulk_create(
        [Holiday(day=day, name=name) for day, name in wanted.items()],
        update_conflicts=True,
        unique_fields=["day", "is_own"],
        update_fields=["name"],
    )
    send_holidays(by=by, now=now)
