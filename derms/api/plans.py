"""DERMS's part of the API: events are drafted, changed, submitted and canceled, with the forms of the pages."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.shortcuts import get_object_or_404
from ninja import Schema
from pydantic import AwareDatetime, Field

from derms.queries.lists import events_for_list, stages_of
from derms.queries.taking_part import devices_taking_part
from integration.pages.api import allow_call
from integration.pages.api_writes import acting, acts, changed, checked, done, errors_of, made
from integration.pages.filters import no_such_value
from integration.pages.http import SignedInRequest
from integration.pages.problems import FieldError, FieldsRefused
from integration.pages.wall_time import typed_moment
from integration.seam import clock

from .. import operations
from ..choices import Control, Objective, StrategyState
from ..forms import CancelForm, Plan, SubmitForm, edited_plan, new_plan, with_strategy
from ..forms.stage_grid import rows_of, with_rows, with_stages
from ..models import Event, Program, Stage, Strategy
from ..operations import EventDetails
from .routing import router

PLAN_EVENT = "derms.plan_event"
REVISION = "The event's revision that this is based on; another one by now is refused with 409."


class PlannedStage(Schema):
    """A stage of a plan."""

    number: int | None = Field(None, description="Of a stage that is there: its number; null: another one.")
    program: str = Field(description="Code of the program whose devices it calls.", max_length=40)
    der_groups: list[int] = Field([], description="Ids of DER groups; none: all devices of the program.")
    offset_minutes: float = Field(description="Minutes from the event's start to the stage's.", allow_inf_nan=False)
    length_minutes: float = Field(description="How long it lasts, in minutes.", allow_inf_nan=False)
    target_kw: int | None = Field(None, description="Its own target in kW; null: none.")
    share_pct: int | None = Field(None, description="Its share of the event's target in %; null: what is left.")
    control: Control = Field(description="What the devices do.")
    control_value: float = Field(
        0, description="K of a setpoint offset, % of the time off of a duty cycle, else 0.", allow_inf_nan=False
    )


class NewEvent(Schema):
    """An event as it is drafted: a strategy, and what differs from it."""

    strategy: UUID = Field(description="The strategy's uid.")
    name: str = Field("", description="Its name; empty: the strategy's.")
    description: str = Field("", description="What it is for.")
    target_kw: int | None = Field(None, description="The target in kW; null: the strategy's.")
    threshold_kw: int | None = Field(None, description="The threshold in kW; null: the strategy's.")
    overridden_rules: list[str] = Field([], description="Rules of programs that it overrides, where they allow it.")
    starts_at: AwareDatetime = Field(description="When its first stage starts, to the second.")
    stages: list[PlannedStage] | None = Field(None, description="Its stages; null: those of the strategy.")


class EventPlan(Schema):
    """The plan of an event, as it is read and changed."""

    revision: int = Field(description=REVISION)
    name: str = Field(description="Its name.")
    description: str = Field("", description="What it is for.")
    objective: Objective = Field(description="What it aims for.")
    target_kw: int | None = Field(None, description="The target in kW; null: none.")
    threshold_kw: int | None = Field(None, description="The threshold in kW; null: none.")
    overridden_rules: list[str] = Field([], description="Rules of programs that it overrides, where they allow it.")
    starts_at: AwareDatetime = Field(description="When its first stage starts, to the second.")
    stages: list[PlannedStage] = Field(description="Its stages, by number.")


class Submission(Schema):
    """What is said when an event is submitted."""

    revision: int = Field(description=REVISION)
    accepted_kw: int | None = Field(
        None, description="How much may be missing, in kW; null: refuse what would not be scheduled."
    )


class Cancellation(Schema):
    """Why an event or a stage is canceled."""

    reason: str = Field(description="The reason: program managers see it.")
    typed_number: str = Field("", description="The event's number, needed while devices run.")
    revision: int | None = Field(None, description="The revision that was seen; null: whatever it is now.")


@router.post("/events", **made("Draft an event"))
@acts(PLAN_EVENT)
def draft_event(request: SignedInRequest, draft: NewEvent) -> Any:
    """It is New until it is submitted."""
    strategies = Strategy.objects.filter(state=StrategyState.ACTIVE).select_related("zone")
    strategy = strategies.filter(uid=draft.strategy).first()
    if strategy is None:
        uids = [str(uid) for uid in strategies.order_by("name").values_list("uid", flat=True)]
        raise FieldsRefused([FieldError("strategy", no_such_value(draft.strategy, uids))])
    zone = strategy.zone.time_zone
    typed = _typed(draft, zone, strategy=str(strategy.uid))
    if draft.stages is None:
        typed = with_strategy(typed, strategy)
    else:
        typed = with_rows(typed, _rows(draft.stages))
        typed["rows_of"] = str(strategy.uid)
    plan = _checked(new_plan(typed, zone, bound=True))
    fields = dict(plan.form.cleaned_data)
    event = operations.create_event(
        strategy_id=fields.pop("strategy").pk,
        starts_at=plan.grid.starts_at,
        stages=plan.grid.planned(),
        by=acting(request.user),
        now=clock.now(),
        details=EventDetails(**fields),
    )
    return done(f"events/{event.number}")


@router.get("/events/{number}/plan", summary="The plan of an event, as it is changed", response=EventPlan)
@allow_call("derms.view_event")
def event_plan(request: SignedInRequest, number: str) -> Any:
    event = get_object_or_404(events_for_list(), number=number)
    stages = stages_of(event)
    starts_at = min((stage.starts_at for stage in stages), default=event.created_at).replace(microsecond=0)
    names = ("revision", "name", "description", "objective", "target_kw", "threshold_kw", "overridden_rules")
    rows = zip(stages, rows_of(with_stages(stages, event.zone.time_zone)), strict=True)
    return {name: getattr(event, name) for name in names} | {
        "starts_at": starts_at,
        "stages": [_shown(stage, row) for stage, row in rows],
    }


@router.put("/events/{number}/plan", **changed("Change the plan of an event that is New or Denied"))
@acts(PLAN_EVENT)
def change_plan(request: SignedInRequest, number: str, plan: EventPlan) -> Any:
    """Every approval is asked for again."""
    event = get_object_or_404(Event.objects.select_related("zone", "type"), number=number)
    operations.require_editable(event)
    typed = with_rows(_typed(plan, event.zone.time_zone, objective=plan.objective), _rows(plan.stages))
    found = _checked(edited_plan(event, typed, bound=True))
    operations.edit_event(
        event_id=event.pk,
        fields=found.form.cleaned_data,
        stages=found.grid.planned(),
        revision=plan.revision,
        by=acting(request.user),
        now=clock.now(),
    )
    return done(f"events/{number}")


@router.post("/events/{number}/submit", **changed("Submit an event for approval"))
@acts(PLAN_EVENT)
def submit(request: SignedInRequest, number: str, submission: Submission) -> Any:
    """Whoever owns the service account may not approve it."""
    event = get_object_or_404(Event, number=number)
    accepted_kw = submission.accepted_kw
    if accepted_kw is not None:
        accepted_kw = checked(SubmitForm({"accepted_kw": accepted_kw})).cleaned_data["accepted_kw"]
    operations.submit_event(
        event_id=event.pk,
        by=acting(request.user),
        now=clock.now(),
        accepted_kw=accepted_kw,
        revision=submission.revision,
    )
    return done(f"events/{number}")


@router.post("/events/{number}/cancel", **changed("Cancel an event with all its stages"))
@acts(PLAN_EVENT)
def cancel_event(request: SignedInRequest, number: str, cancellation: Cancellation) -> Any:
    event = get_object_or_404(Event, number=number)
    form = _cancel_form(cancellation, number if operations.calls_to_release(event) else "")
    operations.cancel_event(
        event_id=event.pk,
        by=acting(request.user),
        now=clock.now(),
        revision=cancellation.revision,
        **form.cleaned_data,
    )
    return done(f"events/{number}")


@router.post("/events/{number}/stages/{stage_number}/cancel", **changed("Cancel one stage of an event"))
@acts(PLAN_EVENT)
def cancel_stage(request: SignedInRequest, number: str, stage_number: int, cancellation: Cancellation) -> Any:
    stage = get_object_or_404(Stage, event__number=number, number=stage_number)
    form = _cancel_form(cancellation, number if devices_taking_part([stage]).get(stage.pk, 0) else "")
    operations.cancel_stage(
        stage_id=stage.pk,
        by=acting(request.user),
        now=clock.now(),
        revision=cancellation.revision,
        **form.cleaned_data,
    )
    return done(f"events/{number}/stages")


def _cancel_form(cancellation: Cancellation, number: str) -> CancelForm:
    return checked(
        CancelForm({"reason": cancellation.reason, "typed_number": cancellation.typed_number}, number=number)
    )


def _typed(plan: NewEvent | EventPlan, time_zone: str, **more: str) -> QueryDict:
    """The details as a browser would send them: times in the control zone's time."""
    typed = QueryDict(mutable=True)
    typed.update({"name": plan.name, "description": plan.description, **more})
    typed.update(typed_moment("starts_at", plan.starts_at, time_zone))
    for name in ("target_kw", "threshold_kw"):
        value = getattr(plan, name)
        typed[name] = "" if value is None else str(value)
    typed.setlist("overridden_rules", plan.overridden_rules)
    return typed


def _rows(stages: Sequence[PlannedStage]) -> list[dict[str, list[str]]]:
    """The stages as rows of the grid, which knows programs by their keys. Raises FieldsRefused for unknown codes."""
    keys = dict(Program.objects.order_by("code").values_list("code", "pk"))
    unknown = [
        FieldError(f"stages.{n}.program", no_such_value(stage.program, list(keys)))
        for n, stage in enumerate(stages)
        if stage.program not in keys
    ]
    if unknown:
        raise FieldsRefused(unknown)
    return [_row(stage, keys[stage.program]) for stage in stages]


def _row(stage: PlannedStage, program: int) -> dict[str, list[str]]:
    said = stage.model_dump(exclude={"program", "der_groups"})
    return {
        "program": [str(program)],
        "der_groups": [str(group) for group in stage.der_groups],
        **{name: [] if value is None else [_plain(value)] for name, value in said.items()},
    }


def _plain(value: object) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _shown(stage: Stage, row: dict[str, list[str]]) -> dict[str, Any]:
    names = ("number", "target_kw", "share_pct", "control", "control_value")
    return {name: getattr(stage, name) for name in names} | {
        "program": stage.program.code,
        "der_groups": [group.pk for group in stage.der_groups.all()],
        "offset_minutes": float(row["offset_minutes"][0]),
        "length_minutes": float(row["length_minutes"][0]),
    }


def _checked(plan: Plan) -> Plan:
    """The plan, if it is valid and starts later. Raises FieldsRefused with each field's place in what was sent."""
    if plan.is_valid() and plan.starts_after(clock.now()):
        return plan
    errors = errors_of(plan.form) + errors_of(plan.grid.start)
    for number, row in enumerate(plan.grid.rows.forms):
        errors += errors_of(row, within=f"stages.{number}.")
    errors += [FieldError("stages", str(error)) for error in plan.grid.rows.non_form_errors()]
    raise FieldsRefused(errors)
