"""The form of New Event and Edit: the event's details and the grid of its stages."""

from datetime import datetime

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from integration.pages.moments import duration

from ..models import Event, Stage
from ..operations import PlannedStage
from ..planning.generated import Generated, generate_variants
from .events import EventForm, NewEventForm
from .stage_grid import StageGrid, with_stages

NOT_STORED = -1


class Plan:
    """Details and stages together; bound forms are checked, unbound ones only show what was typed."""

    def __init__(self, form: NewEventForm | EventForm, grid: StageGrid) -> None:
        self.form, self.grid = form, grid

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), self.grid.is_valid()])

    def starts_after(self, now: datetime) -> bool:
        """Whether a valid plan starts later than this moment; if not, its start gets an error."""
        start = min((planned.fields["starts_at"] for planned in self.grid.planned()), default=self.grid.starts_at)
        return self._is_to_come(start, now)

    def _is_to_come(self, start: datetime, now: datetime) -> bool:
        if start > now:
            return True
        sentence = _("The first stage should have started %(time)s ago. Choose a start in the future.")
        self.grid.start.add_error("starts_at", sentence % {"time": duration(now - start)})
        return False

    def can_generate(self, now: datetime) -> bool:
        """Whether the event, its start and what is asked of its stages are valid, and the start is later than `now`.

        Of the stages only the controls that are used must be valid.
        """
        grid = self.grid
        is_valid = all([self.form.is_valid(), grid.start.is_valid(), grid.generator.is_valid()])
        return is_valid and self._is_to_come(grid.starts_at, now) and grid.generator.takes_controls(grid.rows.forms)

    def generated(self, now: datetime) -> Generated:
        """The variants of a plan that can be generated."""
        event, grid = self.event(), self.grid
        return generate_variants(event, grid.generator.asked(event, grid.starts_at, grid.rows.forms), now)

    @property
    def forms(self) -> list[forms.BaseForm]:
        """All its forms, for the summary of errors."""
        return [self.form, *self.grid.forms]

    @property
    def errors(self) -> int:
        """The number of fields with errors."""
        return sum(len(one.errors) for one in self.forms)

    def event(self) -> Event:
        """The event that a valid plan describes; a new one isn't stored and has an id below zero."""
        event: Event = self.form.instance
        if isinstance(self.form, NewEventForm):
            strategy = self.form.cleaned_data["strategy"]
            event.pk, event.name = NOT_STORED, event.name or strategy.name
            event.zone, event.type, event.objective = strategy.zone, strategy.type, strategy.objective
            event.call_order = strategy.call_order
        return event

    def stages(self) -> list[Stage]:
        """The stages that a valid plan describes."""
        event = self.event()
        rows = [(row.stage_number, row.planned(self.grid.starts_at)) for row in self.grid.filled]
        stages = [_not_stored(event, number, planned) for number, planned in rows]
        for stage in stages:
            stage.of_event = stages
        return stages


def new_plan(typed: QueryDict, time_zone: str, *, bound: bool) -> Plan:
    """The plan typed on New Event."""
    form = NewEventForm(typed) if bound else NewEventForm(initial=_details(typed))
    return Plan(form, StageGrid(typed, time_zone, bound=bound))


def saved_plan(event: Event, stages: list[Stage]) -> Plan:
    """The saved plan, as Edit first shows it."""
    time_zone = event.zone.time_zone
    return Plan(EventForm(instance=event), StageGrid(with_stages(stages, time_zone), time_zone, bound=False))


def edited_plan(event: Event, typed: QueryDict, *, bound: bool) -> Plan:
    """The plan typed on Edit."""
    form = EventForm(typed, instance=event) if bound else EventForm(instance=event, initial=_details(typed))
    return Plan(form, StageGrid(typed, event.zone.time_zone, bound=bound))


def _details(typed: QueryDict) -> dict[str, object]:
    return {**typed.dict(), "overridden_rules": typed.getlist("overridden_rules")}


def _not_stored(event: Event, number: int, planned: PlannedStage) -> Stage:
    stage = Stage(pk=-number, event=event, number=number, **planned.fields)
    stage.group_criteria = [group.criteria for group in planned.der_groups]
    return stage
