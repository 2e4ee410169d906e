"""What the database and the files hold, by kind: bytes, growth a day, and what a year will need."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.core.files.storage import Storage, storages

from integration.importing.forgetting import KEPT as FILES_KEPT
from integration.seam import request_answers, sql
from integration.seam.sql import statement
from integration.seam.webhooks import keeping
from lec_sim.operations.ven_reports import KEPT as REPORTS_KEPT

DAY = timedelta(days=1)
YEAR_DAYS = 365
EXTRACTS, FILES = "extracts (files)", "imports (files)"


class Written(NamedTuple):
    """What was written of a kind: rows or bytes within the window, all that is there, and the oldest moment."""

    recent: int
    all: int
    oldest: datetime


class Kept(NamedTuple):
    """One kind: bytes now, bytes that it grows by in a day, the days it is kept (None: forever), bytes in a year."""

    kind: str
    bytes: int
    a_day: int
    days_kept: int | None
    in_a_year: int


def kept(*, now: datetime, window: timedelta) -> list[Kept]:
    """All kinds, the largest first; the pace is that of the window before `now`."""
    since = now - window
    params = {"now": now, "since": since, "imports_since": now - FILES_KEPT}
    sizes = dict(sql.rows(statement("integration.commands", "storage_tables")))
    pace = {kind: Written(*rest) for kind, *rest in sql.rows(statement("integration.commands", "storage_pace"), params)}
    for kind, place in ((EXTRACTS, "extracts"), (FILES, "imports")):
        files = list(_files(storages[place]))
        sizes[kind] = sum(size for _, size in files)
        if files:
            recent = sum(size for at, size in files if at > since)
            pace[kind] = Written(recent, sizes[kind], min(at for at, _ in files))
    found = [_kept(kind, size, pace.get(kind), now, window) for kind, size in sizes.items()]
    return sorted(found, key=lambda one: (-one.bytes, one.kind))


def days_kept() -> Mapping[str, int]:
    """The days after which a kind is removed or put away, by the settings; other kinds stay."""
    return {
        "meter days": settings.METER_DAYS_KEPT,
        "reports as clients sent them": REPORTS_KEPT.days,
        "imports": FILES_KEPT.days,
        FILES: FILES_KEPT.days,
        "webhook notices": keeping.KEPT.days,
        "answers of the API": request_answers.KEPT.days,
    }


def _kept(kind: str, size: int, written: Written | None, now: datetime, window: timedelta) -> Kept:
    stays = days_kept().get(kind)
    a_day = _a_day(size, written, now, window) if written else 0
    year = size + a_day * YEAR_DAYS if stays is None or stays >= YEAR_DAYS else max(a_day * stays, 0)
    return Kept(kind, size, a_day, stays, year)


def _a_day(size: int, written: Written, now: datetime, window: timedelta) -> int:
    """A utility that is younger than the window has its pace since its first row, over a day at least."""
    if not written.all:
        return 0
    days = max(min(window, now - written.oldest), DAY) / DAY
    return round(size * written.recent / written.all / days)


def _files(place: Storage, folder: str = "") -> Iterator[tuple[datetime, int]]:
    """When each file was written, and its bytes; a file that is removed meanwhile is left out."""
    if not place.exists(folder or "."):
        return
    folders, names = place.listdir(folder or ".")
    for name in names:
        path = f"{folder}{name}"
        try:
            yield place.get_modified_time(path), place.size(path)
        except FileNotFoundError:
            continue
    for inner in folders:
        yield from _files(place, f"{folder}{inner}/")
