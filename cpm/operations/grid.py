"""Keeping copies of DERMS's feeders and head end systems."""

from collections.abc import Sequence
from datetime import datetime

from cpm.models.grid import Feeder, HeadEnd
from integration.seam.delivery import receiving
from integration.seam.messages import GridSync, HeadEndSync, Receipt
from integration.seam.recorded import recorded

LATER_KNOWN = recorded("A later state is known.")


@receiving
def follow_grid(body: GridSync) -> Receipt:
    """Know these feeders and no others, unless a later state is known."""
    rows = [Feeder(code=f.feeder, substation=f.substation, zone=f.zone, as_of=body.at) for f in body.feeders]
    return _replace(Feeder, rows, ["substation", "zone"], body.at)


@receiving
def follow_head_ends(body: HeadEndSync) -> Receipt:
    """Know these head end systems and no others, unless a later state is known."""
    rows = [HeadEnd(code=one.head_end, name=one.name, as_of=body.at) for one in body.head_ends]
    return _replace(HeadEnd, rows, ["name"], body.at)


def _replace(
    copy: type[Feeder] | type[HeadEnd], rows: Sequence[Feeder] | Sequence[HeadEnd], fields: list[str], at: datetime
) -> Receipt:
    """Messages of one subject are applied one at a time, so nobody else writes the copy meanwhile."""
    known = copy._default_manager
    if known.filter(as_of__gt=at).exists():
        return Receipt(applied=0, note=LATER_KNOWN())
    known.exclude(code__in=[row.code for row in rows]).delete()
    known.bulk_create(rows, update_conflicts=True, unique_fields=["code"], update_fields=[*fields, "as_of"])  # type: ignore[arg-type]
    return Receipt(applied=len(rows))
