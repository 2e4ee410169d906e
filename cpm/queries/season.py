"""A season's measured stages added up by group, and what was paid for it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from cpm.choices import SETTLED_STATES
from cpm.models.settlement_runs import SettlementRun

from .measured import MeasuredStage


class SeasonSum(NamedTuple):
    """The measured stages of a season of one group: participations, and energy in Wh of the measured ones.

    `expected_wh` and `reported_wh` are of the measured devices over the intervals measured.
    """

    of: str
    name: str
    participations: int
    measured: int
    saved_wh: int
    expected_wh: int
    reported_wh: int
    rebound_wh: int


class Paid(NamedTuple):
    """What approved settlement runs of a season came to in one currency, and by kWh saved; None if none was."""

    amount: Decimal
    currency: str
    per_kwh: Decimal | None


def season_sums(stages: Sequence[MeasuredStage], of: str) -> list[SeasonSum]:
    """The sums of a season by what `of` says, the most saved first."""
    found: dict[str, list[int]] = {}
    for stage in stages:
        for one in stage.sums_of(of):
            sums = found.setdefault(one.name, [0] * 6)
            row = (
                one.participations, one.measured, one.saved_wh, one.measured_expected_wh, one.measured_reported_wh,
                one.rebound_wh,
            )  # fmt: skip
            sums[:] = [before + more for before, more in zip(sums, row, strict=True)]
    rows = [SeasonSum(of, name, *sums) for name, sums in found.items()]
    return sorted(rows, key=lambda one: (-one.saved_wh, one.name))


def paid_for(program_id: int, begins: date, ends: date, saved_wh: int | None) -> list[Paid]:
    """What was approved for periods within [begins, ends), by currency; empty: nothing is settled."""
    runs = SettlementRun.objects.filter(
        program=program_id, state__in=SETTLED_STATES, starts_on__gte=begins, ends_on__lt=ends
    )
    amounts = runs.values_list("method__currency").annotate(amount=Sum("amount")).order_by("method__currency")
    return [
        Paid(amount, currency, amount * 1000 / saved_wh if saved_wh and saved_wh > 0 else None)
        for currency, amount in amounts
    ]
