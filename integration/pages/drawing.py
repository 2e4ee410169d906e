"""The layout of the pictures that the server draws, in percent of their width."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format

from .badges import Look, look_of
from .moments import day

TICK_STEPS = [timedelta(minutes=m) for m in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)]
TICKS_SHOWN = 8
LANE_PX = 30
BAR_PX = 22
LETTER_SHARE = 0.0105  # of a picture's width, at the width it has on a desktop


class Tick(NamedTuple):
    x: str
    text: str


class Bar(NamedTuple):
    """A bar of a Gantt chart: x and width in percent, y in pixels; `done` is the width of the part before now.

    `says` is what the bar shows, with its times.
    """

    label: str
    says: str
    state: Look
    x: str
    width: str
    done: str
    y: int
    text_x: str
    anchor: str


class Axis(NamedTuple):
    """A stretch of time drawn from 0 to 100 percent."""

    starts_at: datetime
    ends_at: datetime

    def share(self, moment: datetime) -> float:
        """The position of a moment, 0 to 1; moments outside are moved to the edge."""
        whole = (self.ends_at - self.starts_at).total_seconds()
        return min(1.0, max(0.0, (moment - self.starts_at).total_seconds() / whole))

    def x(self, moment: datetime) -> str:
        return percent(self.share(moment))

    def ticks(self, zone: str) -> list[Tick]:
        """Round local times, at most TICKS_SHOWN."""
        step = next((s for s in TICK_STEPS if (self.ends_at - self.starts_at) / s <= TICKS_SHOWN), TICK_STEPS[-1])
        moment = first_round_time(self.starts_at, step, zone)
        moments = []
        while moment <= self.ends_at:
            moments.append(moment)
            moment += step
        texts = tick_texts([moment.astimezone(ZoneInfo(zone)) for moment in moments])
        return [Tick(self.x(moment), text) for moment, text in zip(moments, texts, strict=True)]


def tick_texts(times: list[datetime]) -> list[str]:
    """Local times as short as they can be told apart, as charts write theirs (static/js/charts/words.js)."""
    ways = [
        [f"{time:%H:%M}" for time in times],
        [f"{time:%H:%M}" if time.hour or time.minute else date_format(time, "j M") for time in times],
        [f"{date_format(time, 'j M')} {time:%H:%M}" for time in times],
        [f"{time:%H:%M %Z}" for time in times],
    ]
    return next((texts for texts in ways if len(set(texts)) == len(texts)), ways[-1])


def percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def first_round_time(moment: datetime, step: timedelta, zone: str) -> datetime:
    """The first moment, not before the given one, whose local time is a multiple of the step."""
    local = moment.astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    since = local.replace(tzinfo=None) - midnight
    return moment + (-since % step)


def field(bar: Any, name: str, default: Any = "") -> Any:
    return bar.get(name, default) if isinstance(bar, dict) else getattr(bar, name, default)


def gantt_bars(bars: Iterable[Any], axis: Axis, now: datetime, zone: str) -> list[Bar]:
    """A lane per bar. Its label is inside the bar if it fits, else after it, or before it in the right half."""
    return [gantt_bar(bar, lane, axis, now, ZoneInfo(zone)) for lane, bar in enumerate(bars)]


def gantt_bar(bar: Any, lane: int, axis: Axis, now: datetime, zone: ZoneInfo) -> Bar:
    start, end = axis.share(field(bar, "starts_at")), axis.share(field(bar, "ends_at"))
    label, on_the_right = str(field(bar, "label")), start > 0.5
    state = look_of(field(bar, "state"))
    begins, ends = field(bar, "starts_at").astimezone(zone), field(bar, "ends_at").astimezone(zone)
    fits = end - start > len(label) * LETTER_SHARE
    return Bar(
        label=label,
        says=f"{label}: {state.word}, {day(begins)} {begins:%H:%M}\N{EN DASH}{ends:%H:%M}",
        state=state,
        x=percent(start),
        width=percent(end - start),
        done=percent(min(end, max(start, axis.share(now))) - start),
        y=lane * LANE_PX + 4,
        text_x=percent(end if fits == on_the_right else start),
        anchor="end" if on_the_right else "start",
    )
