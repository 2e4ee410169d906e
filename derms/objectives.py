"""The objectives of events: what each needs, the goal of its stages, and whether they share it.

Read by forms, the plan check, Submit, the goals of stages and the table in docs/reference/choosing.md.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .choices import Objective


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What an objective requires and aims for. A field it needs must be above 0."""

    needs: str = ""  # the requirement, in words for the documentation
    goal: str  # the goal of a stage, in words for the documentation
    event_needs: str = ""  # the required field of the event
    stage_needs: str = ""  # the required field of each stage
    missing: str | Promise = ""  # the sentence shown if that field is empty
    is_shared: bool = False  # stages that run at the same time share the goal; otherwise each has its own
    follows_forecast: bool = False  # the goal depends on the forecast and may be 0


OBJECTIVES: dict[str, Aim] = {
    Objective.MANUAL: Aim(
        needs="a target for each stage",
        goal="its own target",
        stage_needs="target_kw",
        missing=_("Stage %(number)s has no target. Enter how many kW it should reduce."),
    ),
    Objective.LOAD_REDUCTION: Aim(
        needs="a target",
        goal="its share of the event's target",
        event_needs="target_kw",
        missing=_("The event has no target. Enter how many kW its stages should reduce together."),
        is_shared=True,
    ),
    Objective.MAX_DEMAND_THRESHOLD: Aim(
        needs="a threshold",
        goal="its share of the forecast minus the threshold and other events' reserved power, in its worst hour",
        event_needs="threshold_kw",
        missing=_("The event has no threshold. Enter the highest load in kW that the zone may reach."),
        is_shared=True,
        follows_forecast=True,
    ),
    Objective.MAXIMUM_REDUCTION: Aim(
        goal="none: every eligible device is taken",
    ),
}
