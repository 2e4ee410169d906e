"""What the pages before Submit and Approve say: what keeps the event from it, or else what it would reserve."""

from django.utils.translation import gettext as _

from derms.models import Event, Stage
from derms.pages.consequences import expected_devices
from derms.pages.moments import window_in_words
from derms.queries.lists import stages_of
from integration.seam import clock

from .check import conflicts
from .problems import plan_problems


def not_submittable(event: Event) -> list[str]:
    """Return the problems of an event's plan; with one of them, Submit would be refused."""
    problems = plan_problems(event, stages_of(event), clock.now())
    return [_("Can't be submitted: %s") % problem for problem in problems]


def conflicts_and_expected(event: Event) -> list[str]:
    """Return an event's conflicts with others, then what each stage would reserve and would be missing."""
    same_time = [_conflict(event, stage) for stage in conflicts(event, stages_of(event))]
    return same_time + expected_devices(event)


def _conflict(event: Event, stage: Stage) -> str:
    return _("Conflict: %(stage)s (%(program)s, %(state)s) needs devices of %(zone)s at the same time: %(window)s.") % {
        "stage": stage,
        "program": stage.program,
        "state": stage.event.get_state_display(),
        "zone": event.zone,
        "window": window_in_words(stage.starts_at, stage.ends_at, event.zone),
    }
