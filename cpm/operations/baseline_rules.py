"""How a program's baselines are made: each rule is the next version, none is ever changed."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pghistory
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from cpm.models.measuring import BaselineRule
from cpm.models.programs import Program
from integration.seam.refusals import Refused


class BaselineRuleRefused(Refused):
    """Another person has made a rule meanwhile, or the rule would hold for days that are over."""


@transaction.atomic
def add_baseline_rule(*, program_id: int, fields: dict[str, Any], seen: int, by: str, now: datetime) -> BaselineRule:
    """Add the next version of a program's rule; `seen` is the number of the latest that the person saw, 0 for none.

    A method that is chosen once the result is known could be chosen for it: days that have begun keep theirs. Raises
    BaselineRuleRefused.
    """
    program = Program.objects.select_for_update(no_key=True).get(pk=program_id)
    last = program.baseline_rules.order_by("number").last()
    if (last.number if last else 0) != seen:
        raise BaselineRuleRefused(
            _("%(by)s made version %(number)s of the method after you opened it. Nothing was changed; open it again.")
            % {"by": last.made_by if last else "", "number": last.number if last else 0}
        )
    if fields["effective_on"] <= (latest := _latest_day(program, now)):
        raise BaselineRuleRefused(
            _("The method can't be changed for %(day)s: that day is over or has begun. The earliest is %(earliest)s.")
            % {"day": fields["effective_on"], "earliest": latest + timedelta(days=1)}
        )
    with pghistory.context(by=by):
        return BaselineRule.objects.create(program=program, number=seen + 1, **fields, made_by=by, made_at=now)


def _latest_day(program: Program, now: datetime) -> date:
    """The latest day that has begun anywhere: for the utility, or where an event of the program is."""
    zones = program.program_events.order_by().values_list("time_zone", flat=True).distinct()
    return max(now.astimezone(zone).date() for zone in (settings.NIGHTLY_TIME_ZONE, *map(ZoneInfo, zones)))
