"""Holidays of the utility's own, next to the public ones of its country."""

import pghistory
from django.utils.translation import gettext_lazy as _

from cpm.operations.holidays import send_holidays
from cpm.queries.holidays import LONGEST_NAME
from integration.importing.dates import Day
from integration.importing.kinds import Applying, Column, Ending, Kind
from integration.importing.values import Text
from integration.seam import sql
from integration.seam.sql import compose

_CURRENT = "SELECT day, name FROM cpm_holiday WHERE is_own"
_WRITE = """
INSERT INTO cpm_holiday (day, name, is_own) SELECT day, name, true FROM {changes} ORDER BY day
    ON CONFLICT (day, is_own) DO UPDATE SET name = EXCLUDED.name
"""
_LEFT = """
SELECT h.day FROM cpm_holiday h LEFT JOIN {staged} s ON s.day = h.day WHERE h.is_own AND s.line IS NULL
"""
_LEFT_SHOWN = """
SELECT concat_ws(' ', h.day, nullif(h.name, '')) FROM {missing} JOIN cpm_holiday h ON h.day = missing.day AND h.is_own
 ORDER BY h.day
"""
_REMOVE = "DELETE FROM cpm_holiday h USING {left} l WHERE h.day = l.day AND h.is_own"


def write_holidays(applying: Applying) -> None:
    with pghistory.context(by=applying.by):
        written = sql.execute(compose(_WRITE, changes=applying.changes))
    if written:
        send_holidays(by=applying.by, now=applying.now)


def remove_left_holidays(applying: Applying) -> int:
    """Remove the holidays of the utility's own that the file does not hold."""
    with pghistory.context(by=applying.by):
        removed = sql.execute(compose(_REMOVE, left=applying.changes))
    if removed:
        send_holidays(by=applying.by, now=applying.now)
    return removed


HOLIDAYS = Kind(
    name="holidays",
    label=_("Holidays"),
    columns=(
        Column("day", _("Day"), Day(), ("date", "holiday_date", "Datum", "Tag")),
        Column(
            "name",
            _("Name"),
            Text(LONGEST_NAME),
            ("holiday", "holiday_name", "description", "Feiertag", "Bezeichnung"),
            default="",
            is_required=False,
        ),
    ),
    key=("day",),
    current=compose(_CURRENT),
    apply=write_holidays,
    ending=Ending(_LEFT, _LEFT_SHOWN, remove_left_holidays),
)
