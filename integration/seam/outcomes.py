"""What a device may have done in a stage: one row per code. Plain Python, used by the contracts and every system.

A new code is a row here and its label in the catalogues of integration/locale.
"""

from enum import StrEnum
from typing import Any, NamedTuple, Self

from .texts import _


class About(NamedTuple):
    """One row: a code, what it means, how it is counted, how pages draw it.

    `times` describes `started_at` and `ended_at` of a device with this outcome.
    `icon` is a symbol in static/icons.svg. `tone` and `fill` are tones in static/css/app.css: of the badge
    (state-<tone>), and of its share of a bar (fill-<tone>), which must be unique.
    """

    code: str
    label: str
    meaning: str
    times: str
    icon: str
    tone: str
    fill: str
    is_success: bool = False
    ends_call: bool = True
    is_silent: bool = False


class Outcome(StrEnum):
    """The outcome of one device in one stage.

    `is_success`: it counts in the share that took part.
    `ends_call`: a call ended with it; a canceled one counts by the part that it ran.
    `is_silent`: the device was called and did not answer.
    """

    SUCCESS = About(
        code="D1SP",
        label=_("Successful participation"),
        meaning="the device was called and took part until its stage ended",
        times="the call, the stage's end",
        icon="check",
        tone="quiet",
        fill="quiet",
        is_success=True,
    )
    OVERRIDE = About(
        code="D1IO",
        label=_("In-flight override"),
        meaning="the customer took the device back while the stage ran",
        times="the call, the moment it was taken back",
        icon="hand-stop",
        tone="ink",
        fill="run",
    )
    NO_RESPONSE = About(
        code="D1ND",
        label=_("Non-responsive device"),
        meaning="the device was called and did not answer, or no outcome came in time",
        times="empty",
        icon="wifi-off",
        tone="ink",
        fill="ink",
        is_silent=True,
    )
    ERROR = About(
        code="D1ER",
        label=_("Error"),
        meaning="the head end system rejected the call, or the device reported an error",
        times="empty",
        icon="alert-triangle",
        tone="bad",
        fill="bad",
    )
    CANCELED = About(
        code="D1CN",
        label=_("Canceled"),
        meaning="the device was reserved and never called, or was released while the stage ran",
        times="the call, the release; empty if it was never called",
        icon="ban",
        tone="struck",
        fill="struck",
        ends_call=False,
    )

    def __new__(cls, code: str, *_row: object) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        return member

    def __init__(self, *row: Any) -> None:
        self.about = About(*row)


CODES = tuple(Outcome)
SUCCESSES = tuple(code for code in Outcome if code.about.is_success)
CALLS = tuple(code for code in Outcome if code.about.ends_call)
SILENT = tuple(code for code in Outcome if code.about.is_silent)
