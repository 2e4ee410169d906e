"""What CPM's meters say of stages: kept beside what was reported, and counted on by the next choice."""

from datetime import datetime

from integration.seam.delivery import receiving
from integration.seam.messages import MeasuredRealisation, MessageRefused, Receipt
from integration.seam.recorded import recorded

from ..models import HeadEnd, Realisation, Stage

KNOWN = recorded("a later measurement of the stage is known")


@receiving
def keep_realisation(body: MeasuredRealisation, *, now: datetime) -> Receipt:
    """Keep a stage's measured power in place of an earlier version's; `now` is not used.

    The version is kept on the stage: one that measured nothing leaves no rows, and an earlier one may still come.
    Raises MessageRefused if it names a head end system that isn't there.
    """
    stage = Stage.objects.select_for_update(no_key=True, of=("self",)).get(uid=body.stage_uid)
    if stage.realisation_version is not None and stage.realisation_version >= body.version:
        return Receipt(applied=0, note=KNOWN())
    head_ends = dict(HeadEnd.objects.values_list("code", "pk"))
    if unknown := sorted({one.head_end for one in body.groups} - head_ends.keys()):
        raise MessageRefused(f"There is no head end system {unknown[0]}.")
    stage.realisations.all().delete()
    Realisation.objects.bulk_create(
        Realisation(
            stage=stage,
            head_end_id=head_ends[one.head_end],
            **one.model_dump(exclude={"head_end"}),
        )
        for one in body.groups
    )
    Stage.objects.filter(pk=stage.pk).update(realisation_version=body.version)
    return Receipt(applied=len(body.groups))
