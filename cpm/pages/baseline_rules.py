"""What is known of the methods of baselines, for who chooses one."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from cpm.choices import Baseline, BaselineAdjustment

# On days without an event of invented homes, in percent: make bench-baselines, as docs/reference/baselines.md has them.
PLACEBO: Mapping[tuple[str, str], tuple[float, float]] = {
    (Baseline.TEN_OF_TEN, BaselineAdjustment.RATIO): (-0.3, 5.2),
    (Baseline.TEN_OF_TEN, BaselineAdjustment.ADDITIVE): (-0.1, 5.8),
    (Baseline.TEN_OF_TEN, BaselineAdjustment.NONE): (2.0, 16.8),
    (Baseline.HIGH_FIVE, BaselineAdjustment.RATIO): (10.3, 11.9),
    (Baseline.METER_BEFORE, ""): (-4.6, 6.9),
}
CLEAR_BIAS = 1.0  # percent


class Placebo(NamedTuple):
    """A method with its adjustment, bias and CV in percent, and what the bias does."""

    method: str
    adjustment: str
    bias: str
    cv: float
    meaning: str


def placebo_rows() -> Sequence[Placebo]:
    """How far each method is off where nothing happened."""
    return [
        Placebo(
            str(Baseline(method).label),
            str(BaselineAdjustment(adjustment).label) if adjustment else "—",
            f"{bias:+.1f} %",
            cv,
            _meaning(bias),
        )
        for (method, adjustment), (bias, cv) in PLACEBO.items()
    ]


def _meaning(bias: float) -> str:
    if bias > CLEAR_BIAS:
        return _("says more was saved than was")
    if bias < -CLEAR_BIAS:
        return _("says less was saved than was")
    return _("no clear bias")
