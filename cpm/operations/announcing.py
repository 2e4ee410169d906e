"""What webhooks hear of enrollments: ids, states and counts."""

from collections.abc import Sequence

from cpm.models.enrollments import Enrollment
from cpm.models.programs import Program
from integration.seam.webhooks.announcing import announce
from integration.seam.webhooks.kinds import ENROLLMENT

from ..set_operations import Moved


def announce_enrollment(enrollment: Enrollment, *, was: str) -> None:
    """Announce an enrollment's new state; not a change that leaves it as it was, such as a replaced device."""
    if was == enrollment.state:
        return
    announce(
        ENROLLMENT,
        what="enrollment.state",
        subject=f"enrollment {enrollment.pk}",
        data=lambda: {
            "enrollment_id": enrollment.pk,
            "program": enrollment.program.code,
            "revision": enrollment.revision,
            "previous_state": was,
            "state": enrollment.state,
        },
    )


def announce_moved(program: Program, moved: Sequence[Moved]) -> None:
    """Announce what an answer to a file made of a program's enrollments: one notice with counts, however many."""
    if moved:
        announce(
            ENROLLMENT,
            what="enrollment.states",
            subject=f"enrollments of {program.code}",
            data=lambda: {
                "program": program.code,
                "moved": [{"previous_state": was, "state": state, "count": number} for was, state, number in moved],
            },
        )
