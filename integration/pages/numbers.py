"""How counts and power are written, in the person's language: 4,583 and 2.70 MW, in German 4.583 and 2,70 MW.

The one rule of pages and their sentences (docs/reference/formats.md). Files hold plain values; alerts and history are
stored in English.
"""

import math
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

Number = int | float | Decimal
NONE = "—"
NBSP = "\u00a0"
MEGA_FROM_KW = 1000
LONGEST_WHOLE = 18  # digits
LONGEST_EXACT = 40  # characters


def count_text(value: Number | None, digits: int | None = None) -> str:
    """A number with its thousands separated; `digits` are its decimals, by default as many as it has."""
    if value is None:
        return NONE
    exact = Decimal(str(value))
    return _minus(str(number_format(exact, decimal_pos=digits, use_l10n=True, force_grouping=True)))


def signed(value: Number) -> str:
    """A number with its sign, of as many decimals as it has: +2.5 or +3."""
    exact = int(value) if value == int(value) else value
    return ("+" if value > 0 else "") + count_text(exact)


def share_pct(part: Number, whole: Number) -> int:
    """The share of a whole (not 0) in whole percent, rounded down: 90 % is only shown of what reaches 90 %.

    What is compared with a limit in percent is compared as it is shown, so that figure and mark never disagree. A
    difference that only comes from floats is none.
    """
    return math.floor(round(100 * float(part) / float(whole), 6))


def share_text(part: Number, whole: Number) -> str:
    """A share as `share_pct` rounds it: 48 %."""
    return f"{count_text(share_pct(part, whole))}{NBSP}%"


def power_unit(*powers: Number | None) -> str:
    """The unit of figures that are read next to each other: kW if one of them, except 0, is below 1,000 kW, else MW."""
    known = [abs(rounded(Decimal(str(kw)), 0)) for kw in powers if kw]
    return "MW" if known and min(known) >= MEGA_FROM_KW else "kW"


def power_parts(kw: Number, unit: str = "") -> tuple[str, str]:
    """Power as figure and unit: kW below 1,000, the smaller the more decimals, else MW with two decimals; half up.

    With a `unit`, in that one.
    """
    power = Decimal(str(kw))
    if unit == "MW" or (not unit and abs(rounded(power, 0)) >= MEGA_FROM_KW):
        return count_text(rounded(power / 1000, 2), 2), "MW"
    decimals = decimals_of(power)
    return count_text(rounded(power, decimals), decimals), "kW"


def between(low: Number, high: Number) -> str:
    """Two powers in kW as a range in one unit: 28.40 to 33.60 MW."""
    unit = power_unit(high)
    ends = {"low": power_parts(low, unit)[0], "high": power_parts(high, unit)[0]}
    return _("%(low)s to %(high)s") % ends + f"{NBSP}{unit}"


def decimals_of(value: Decimal) -> int:
    """With how many decimals kW and kWh are written: the smaller, the more; none if whole."""
    return 0 if value == value.to_integral_value() or abs(value) >= 100 else 1 if abs(value) >= 10 else 2


def energy_text(kwh: Number | None) -> str:
    """Energy in kWh, without its unit, with the decimals of power: 435, 16.7, 3.47."""
    if kwh is None:
        return NONE
    energy = Decimal(str(kwh))
    decimals = decimals_of(energy)
    return count_text(rounded(energy, decimals), decimals)


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Round half up by the digits that are written: 1.035 is 1.04, as a float it would be 1.03."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def power_text(kw: Number | None, unit: str = "") -> str:
    """Power as a text for sentences: 840 kW, 2.70 MW; with a `unit`, in that one."""
    return NONE if kw is None else NBSP.join(power_parts(kw, unit))


def whole(text: str) -> int | None:
    """Return the whole number that a request contains; None if it is none, or too long for any key or count."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST_WHOLE else None


def exact(text: str) -> Decimal | None:
    """Return the number that a request contains; None if it is none, or needs more digits than any power or length.

    The exponent of a short text like 1E9999999 would take seconds to write out, so numbers are bounded before any use.
    """
    try:
        number = Decimal(text) if len(text) <= LONGEST_EXACT else None
    except ArithmeticError:
        return None
    if number is None or not number.is_finite() or abs(number.adjusted()) > LONGEST_WHOLE:
        return None
    return number


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
