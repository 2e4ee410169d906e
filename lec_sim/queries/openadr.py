"""What a ven may read: its stages, and which of its devices they call. A grant is a reservation that is not removed."""

from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, NamedTuple

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from integration.seam import sql
from integration.seam.rights import KEPT_S
from integration.seam.sql import statement

from ..choices import Answer, StageState
from ..models import Announcement, HeadEndProfile, LecAnswer, LecProgram, LecStage, Ven, VenReport

TOLD_SHOWN, REPORTS_SHOWN = 20, 10
CANCEL_NOT_READ = "cancel not read"  # the kind of alert
MOST_KNOWN = 500  # clients whose stages a process keeps
KEPT = timedelta(days=1)  # how long after its end a stage can be read, counted from the start of the present day in UTC


@dataclass
class Call:
    """A stage as a client may read it: with the announcements to its vens, and how many of its devices have left."""

    stage: LecStage
    announcements: list[Announcement] = field(default_factory=list)
    left: int = 0

    @property
    def target(self) -> str:
        return f"stage-{self.stage.stage_uid}"

    @property
    def has_run(self) -> bool:
        return self.stage.state == StageState.COMPLETED

    def concerns(self, ven: Ven) -> bool:
        return any(one.ven_id == ven.pk for one in self.announcements)

    @property
    def start_spread(self) -> timedelta:
        """Over how long devices begin: at most half of the stage; of several head ends of a client, the shortest."""
        wanted = timedelta(minutes=min(one.start_spread_min for one in self.announcements))
        return min(wanted, (self.stage.ends_at - self.stage.starts_at) / 2)

    @property
    def is_off(self) -> bool:
        """Whether the client has nothing to do: the stage was canceled, or all its devices have left."""
        return self.stage.state == StageState.CANCELED or self.left >= sum(one.devices for one in self.announcements)


_known: OrderedDict[Hashable, tuple[float, list[Call] | None]] = OrderedDict()


class Granted(NamedTuple):
    """A device of a ven and the stages that call it; `power_w` is the most that one of them asks of it."""

    nic_id: str
    head_end: str
    stage_ids: list[int]
    power_w: int


class Place(NamedTuple):
    """Where a page of devices is: of these head ends and stages, only this NIC id or all.

    They are in the order of the head ends here, and of each by NIC id.
    """

    head_ends: list[str]
    stage_ids: list[int]
    nic_id: str | None
    skip: int
    limit: int


def since(now: datetime) -> datetime:
    """The earliest end of stages that can be read; it changes once a day."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - KEPT


def calls_to(vens: Iterable[Ven], now: datetime) -> list[Call]:
    """The stages that a client may read, the earliest first."""
    params = {"vens": [ven.pk for ven in vens], "since": since(now)}
    left = dict(sql.rows(statement("lec_sim", "openadr_events"), params))
    found: dict[int, Call] = {}
    told = Announcement.objects.filter(pk__in=left).select_related("stage", "ven__profile")
    for one in told.order_by("stage__starts_at", "stage_id", "ven_id"):
        call = found.setdefault(one.stage_id, Call(one.stage))
        call.announcements.append(one)
        call.left += left[one.pk]
    return list(found.values())


def calls_known(vens: Sequence[Ven], now: datetime) -> list[Call]:
    """The same as this process knows them, for whoever looks at no more than which stages call whose devices.

    They are looked up again when a ven's revision is another one, and after KEPT_S.
    """
    key = since(now), *((ven.pk, ven.revision) for ven in vens)
    at, found = _known.pop(key, (0.0, None))
    if found is None or monotonic() - at > KEPT_S:
        at, found = monotonic(), calls_to(vens, now)
    _known[key] = at, found
    if len(_known) > MOST_KNOWN:
        _known.popitem(last=False)
    return found


def told_of(profile: HeadEndProfile) -> QuerySet[Announcement]:
    """The latest stages that a head end may read or could: what it has read, `answered` devices, and its `reports`."""
    found = Announcement.objects.filter(ven__profile=profile).select_related("stage")
    answers = LecAnswer.objects.filter(head_end=profile.head_end).exclude(answer=Answer.SILENT)
    reports = VenReport.objects.filter(ven=OuterRef("ven"))
    return found.annotate(answered=_count(answers), report_count=_count(reports)).order_by("-stage__starts_at", "-pk")[
        :TOLD_SHOWN
    ]


def reports_of(profile: HeadEndProfile) -> QuerySet[VenReport]:
    """The latest reports of a head end."""
    found = VenReport.objects.filter(ven__profile=profile).select_related("stage").defer("content")
    return found.order_by("-modified_at", "-pk")[:REPORTS_SHOWN]


def _count(of_stage: QuerySet[Any]) -> Coalesce:
    """How many rows of the outer row's stage there are."""
    counted = of_stage.filter(stage=OuterRef("stage")).order_by().values("stage").annotate(count=Count("*"))
    return Coalesce(Subquery(counted.values("count")), 0)


def unread_cancel(stage: LecStage) -> QuerySet[Announcement]:
    """What head ends have read of a canceled stage, of those that haven't read yet that it is off."""
    read = Announcement.objects.filter(stage=stage, stage__state=StageState.CANCELED, first_read_at__isnull=False)
    unread = read.filter(read_revision__lt=F("revision"), devices__gt=0)
    return unread.select_related("ven__profile").order_by("ven__profile__head_end")


def programs_of(calls: Collection[Call]) -> dict[str, LecProgram]:
    """The programs of these stages, by their codes."""
    codes = {call.stage.program for call in calls}
    return {one.code: one for one in LecProgram.objects.filter(code__in=codes).order_by("pk")}


def granted(place: Place) -> list[Granted]:
    """A page of devices; it is only short at the end of all.

    Where it begins costs nothing if it is of one stage: a page of several reads the rows that it skips.
    """
    found: list[Granted] = []
    skip, last = place.skip, len(place.head_ends) - 1
    for number, head_end in enumerate(place.head_ends):
        some = _of_head_end(place._replace(skip=skip, limit=place.limit - len(found)), head_end)
        found += some
        if len(found) >= place.limit:
            break
        if some or not skip:
            skip = 0
        elif number < last:
            params = {**place._asdict(), "head_end": head_end}
            skip -= int(sql.column(statement("lec_sim", "openadr_grant_count"), params)[0])
    return found


def _of_head_end(place: Place, head_end: str) -> list[Granted]:
    params = {**place._asdict(), "head_end": head_end, "first": ""}
    if place.skip and len(place.stage_ids) == 1 and place.nic_id is None:
        params["stage"] = place.stage_ids[0]
        for first, before in sql.rows(statement("lec_sim", "openadr_mark"), params):
            params |= {"first": first, "skip": place.skip - before}
    return [Granted(*row) for row in sql.rows(statement("lec_sim", "openadr_grants"), params)]


def covered_removals(pending: list[int], place: Place, *, after: Granted | None, page: list[Granted]) -> list[int]:
    """Which of these removals are of devices that would stand on a page, which begins after a device.

    The page reaches to its last device, or to the end of all if it is not full.
    """
    last = page[-1] if len(page) == place.limit else None
    params = {
        **place._asdict(),
        "pending": pending,
        "after": after and after.nic_id,
        "after_head_end": after and after.head_end,
        "last": last and last.nic_id,
        "last_head_end": last and last.head_end,
    }
    return [int(one) for one in sql.column(statement("lec_sim", "openadr_covered"), params)]
