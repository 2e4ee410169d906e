"""How counts and power are written, in the person's language: 4,583 and 2.70 MW, in German 4.583 and 2,70 MW.

The one rule of pages and their sentences (docs/reference/formats.md). Files hold plain values; alerts and history are
stored in English.
"""

from decimal import Decimal

from django.utils.formats import number_format

Number = int | float | Decimal
NONE = "—"
NBSP = "\u00a0"
MEGA_FROM_KW = 1000


def count_text(value: Number | None, digits: int | None = None) -> str:
    """A number with its thousands separated; `digits` are its decimals, by default as many as it has."""
    if value is None:
        return NONE
    exact = Decimal(str(value))
    return _minus(str(number_format(exact, decimal_pos=digits, use_l10n=True, force_grouping=True)))


def power_parts(kw: Number) -> tuple[str, str]:
    """Power as figure and unit: kW below 1,000, the smaller the more decimals, else MW with two decimals."""
    power = float(kw)
    if abs(round(power)) >= MEGA_FROM_KW:
        return count_text(round(power / 1000, 2), 2), "MW"
    decimals = 0 if power.is_integer() or abs(power) >= 100 else 1 if abs(power) >= 10 else 2
    return count_text(round(power, decimals), decimals), "kW"


def power_text(kw: Number | None) -> str:
    """Power as a text for sentences: 840 kW, 2.70 MW."""
    return NONE if kw is None else NBSP.join(power_parts(kw))


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
