"""Head end systems that Live Energy Connect has not seen before."""

from integration.seam import sql
from integration.seam.delivery import receiving
from integration.seam.messages import HeadEndSync, Receipt

from ..models import HeadEndProfile, LecStage

_NEW = """
SELECT DISTINCT head_end FROM lec_reservation r
 WHERE stage_id = %s AND NOT EXISTS (SELECT FROM lec_sim_headendprofile p WHERE p.head_end = r.head_end)
"""


def meet_head_ends(stage: LecStage) -> None:
    """Create a profile, with the model's defaults, for each head end of a stage's reservations that has none."""
    new = [HeadEndProfile(head_end=head_end) for head_end in sql.column(_NEW, [stage.pk])]
    HeadEndProfile.objects.bulk_create(new, ignore_conflicts=True)  # another stage may create the same one


@receiving
def know_head_ends(body: HeadEndSync) -> Receipt:
    """Have a profile of each head end system before its devices are called; one that is gone keeps its own."""
    rows = [HeadEndProfile(head_end=one.head_end) for one in body.head_ends]
    return Receipt(applied=len(HeadEndProfile.objects.bulk_create(rows, ignore_conflicts=True)))
