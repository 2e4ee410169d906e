"""The table of how much of each limit is used, on the pages of programs and devices."""

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext_lazy as _

from integration.seam.program_limits import LimitUse

from .columns import Column, Columns
from .templatetags.gridcall import number


def _of(used: str, most: int | None) -> str:
    return used if most is None else f"{used} / {number(most)}"


LIMIT_USES = Columns[LimitUse](
    "partials/limits.html",
    Column(_("Period"), "period", phone="title"),
    Column(_("Events"), lambda use: _of(number(use.events), use.limit.most_events), css="num"),
    Column(_("of the limit"), "events", phone=""),
    Column(_("Hours"), lambda use: _of(floatformat(use.hours), use.limit.most_hours), css="num"),
    Column(_("of the limit"), "hours", phone=""),
)
