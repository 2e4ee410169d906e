"""Generate Stages on New Event and Edit: stages that cover what is needed, marked, changed, generated again."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from derms import operations
from derms.forms.generate import generated_row
from derms.models import ControlZone, Event, EventType, LoadForecast, Program, ReductionFactor, Stage, Strategy
from derms.planning import check
from derms.planning.generated import GeneratedStage
from derms.queries.goals import stage_goals
from derms.set_operations.cohorts import ProgramControl
from integration.console.models import User
from integration.seam import sql
from tests import factories
from tests.derms.test_plan_pages import NEW, rows_shown, typed, wall

pytestmark = pytest.mark.django_db
ASKED = {
    "gen-hours": 2, "gen-step_minutes": 60, "gen-max_increase_pct": 5, "gen-most_stages": 8, "gen-least_kw": 0,
    "gen-fairness": 0.05,
}  # fmt: skip


@pytest.fixture
def as_operator(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


@pytest.fixture
def start(now: datetime) -> datetime:
    return (now + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def thermostats(strategy: Strategy, program: Program, start: datetime) -> Strategy:
    """100 thermostats of 1 kW in a zone of 1,000 kW, whose whole power can be reduced, and an event of 20 kW."""
    zone = strategy.zone
    hours = [start + timedelta(hours=n) for n in range(-2, 10)]
    LoadForecast.objects.filter(zone=zone).delete()
    ReductionFactor.objects.filter(zone=zone).delete()
    LoadForecast.objects.bulk_create(LoadForecast(zone=zone, hour=hour, forecast_kw=1000) for hour in hours)
    ReductionFactor.objects.bulk_create(
        ReductionFactor(zone=zone, device_class="thermostat", hour=hour, factor=1.0) for hour in hours
    )
    for _n in range(100):
        factories.device(zone, program, since=start - timedelta(days=90), rated_w=1000, device_class="thermostat")
    Strategy.objects.filter(pk=strategy.pk).update(objective="Load Reduction", target_kw=20)
    return Strategy.objects.get(pk=strategy.pk)


def setpoint(strategy: Strategy, start: datetime) -> dict[str, Any]:
    """Four degrees in the direction that reduces load: all of a thermostat's power in its first hour."""
    return {"control": "setpoint_offset", "control_value": 4 if strategy.zone.is_cooling(start) else -4}


def targets(page: str) -> list[str]:
    """The targets in the grid's rows."""
    fields = re.findall(r'<input[^>]* name="stages-\d+-target_kw"[^>]*>', page)
    return ["".join(re.findall(r' value="(\d*)"', field)) for field in fields]


def asked(
    strategy: Strategy, start: datetime, program: Program, *rows: dict[str, Any], **fields: Any
) -> dict[str, Any]:
    return typed(
        strategy, start, *rows or (setpoint(strategy, start),), **ASKED, **{"gen-programs": [program.pk]}, **fields
    )


def test_generated_stages_come_into_the_grid_with_the_devices_that_their_last_hour_needs(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    page = as_operator.post(NEW, asked(thermostats, start, program, button="generate-fair")).content.decode()
    assert "Use this plan" in page
    assert 'name="stages-0-generated"' in page
    assert "generated</b>" in page
    # In its second hour a thermostat gives 0.75 of its 0.8 kW: 34 of them, 27.2 kW, still give 20 kW.
    assert targets(page) == ["28"]


def test_a_generated_stage_is_saved_marked_and_goes_by_its_own_target(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    mine = setpoint(thermostats, start) | {"generated": "on", "target_kw": 12}
    as_operator.post(NEW, typed(thermostats, start, mine, {**mine, "offset_minutes": 60, "generated": ""}))
    event = Event.objects.get()
    first, second = Stage.objects.order_by("number")
    assert (first.generated, second.generated) == (True, False)
    assert stage_goals(event, [first, second]) == {first.pk: 12.0, second.pk: 20.0}


def test_generating_again_replaces_all_stages_and_keeps_the_control_of_their_program(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    old = setpoint(thermostats, start) | {"target_kw": 999, "generated": "on"}
    sent = asked(thermostats, start, program, old, old, button="generate-fair")
    page = as_operator.post(NEW, sent).content.decode()
    assert targets(page) == ["28"]
    assert 'value="setpoint_offset" selected' in page


def test_too_much_is_asked_for_says_what_is_missing_and_why(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    page = as_operator.post(
        NEW, asked(thermostats, start, program, target_kw=5000, button="generate-fair")
    ).content.decode()
    assert "are missing, and why" in page


def test_nobody_to_call_is_a_plan_without_stages(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    empty = factories.program("EMPTY")
    sent = asked(thermostats, start, program, button="generate-fair") | {"gen-programs": [empty.pk]}
    page = as_operator.post(NEW, sent).content.decode()
    assert "No stage: nothing is needed, or nobody may be called." in page
    assert "All devices that may be called are" in page


def test_hours_that_a_program_bars_are_the_reason_for_what_is_missing(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    local = start.astimezone(ZoneInfo(thermostats.zone.time_zone))
    hours = {"hours_from": f"{local:%H:%M}", "hours_until": f"{local + timedelta(hours=1):%H:%M}"}
    Program.objects.filter(pk=program.pk).update(rules_data=hours)
    page = as_operator.post(NEW, asked(thermostats, start, program, button="generate-fair")).content.decode()
    assert "Hours in which devices may not be called" in page


def test_all_statements_of_a_count_have_one_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PATIENCE", timedelta(seconds=1))

    def count() -> int:
        with check.looking_only():
            for nth in range(1, 1000):
                sql.value("SELECT pg_sleep(0.1)")  # far less than the limit
                counted.append(nth)
        return 1000

    counted: list[int] = []
    assert check.within_patience(count) is None
    assert len(counted) < 10
    assert sql.value("SHOW statement_timeout") == "0"


def test_without_a_program_the_form_says_so(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    sent = asked(thermostats, start, program, button="generate-fair") | {"gen-programs": []}
    page = as_operator.post(NEW, sent).content.decode()
    assert "Correct the marked fields first" in page
    assert rows_shown(page) == 1


def test_edit_generates_too(as_operator: Client, thermostats: Strategy, program: Program, start: datetime) -> None:
    as_operator.post(NEW, typed(thermostats, start, setpoint(thermostats, start)))
    event = Event.objects.get()
    sent = asked(thermostats, start, program, button="generate-shortest") | {
        "name": event.name, "objective": event.objective, "target_kw": 20, "starts_at": wall(start),
    }  # fmt: skip
    page = as_operator.post(f"/events/{event.number}/edit/", sent).content.decode()
    assert "Use this plan" in page
    assert not Stage.objects.filter(generated=True).exists()


def generate(client: Client, sent: dict[str, Any]) -> Any:
    """The fair plan of what is sent, as the page shows it."""
    return client.post(NEW, sent).context["variant"]


def test_an_hour_without_a_forecast_needs_what_the_nearest_one_does(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    Strategy.objects.update(objective="Max Demand Threshold", target_kw=None, threshold_kw=980)
    LoadForecast.objects.filter(hour__gte=start + timedelta(hours=2)).update(forecast_kw=900)
    LoadForecast.objects.filter(hour=start).delete()
    plan = generate(as_operator, asked(thermostats, start, program, button="generate-fair")).plan
    # An hour before the window, then its two: in the first, 1,000 kW stand in, 20 above the threshold.
    assert plan.need_kw[:4] == (0, 20, 20, 0)
    assert not plan.most_missing_kw


def test_without_any_forecast_the_zones_limit_keeps_nobody_back(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    LoadForecast.objects.all().delete()
    ControlZone.objects.update(limit_kw=2000)
    shown = generate(as_operator, asked(thermostats, start, program, button="generate-fair"))
    assert min(shown.plan.effect_kw[1:3]) == pytest.approx(20, abs=1)
    assert not shown.plan.most_missing_kw


@pytest.mark.parametrize(("overridden", "hours"), [([], [1]), (["longest"], [2])])
def test_an_event_that_overrides_the_longest_event_may_have_longer_calls(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime, overridden: list[str],
    hours: list[int],
) -> None:  # fmt: skip
    Program.objects.update(rules_data={"longest_minutes": 60, "overridable": ["longest"]})
    sent = asked(thermostats, start, program, button="generate-fewest", overridden_rules=overridden)
    shown = generate(as_operator, sent)
    assert [(stage.ends_at - stage.starts_at) / timedelta(hours=1) for stage in shown.stages] == hours


def test_no_call_is_longer_than_the_hours_that_a_device_may_be_called_in_a_month(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    Program.objects.update(rules_data={"hours_per_month": 1})
    shown = generate(as_operator, asked(thermostats, start, program, button="generate-fewest"))
    assert [(stage.ends_at - stage.starts_at) / timedelta(hours=1) for stage in shown.stages] == [1, 1]


def test_a_call_stays_within_the_hours_of_one_day(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    """Hours that end when they begin leave every hour free, and no call across that moment."""
    turn = (start + timedelta(hours=1)).astimezone(ZoneInfo(thermostats.zone.time_zone)).strftime("%H:%M")
    Program.objects.update(rules_data={"hours_from": turn, "hours_until": turn})
    shown = generate(as_operator, asked(thermostats, start, program, button="generate-fewest"))
    assert [stage.ends_at - stage.starts_at for stage in shown.stages] == [timedelta(hours=1)] * 2


def test_calls_may_be_shorter_than_an_hour(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    Program.objects.update(rules_data={"longest_minutes": 30})
    sent = asked(thermostats, start, program, button="generate-fewest") | {"gen-step_minutes": "30"}
    shown = generate(as_operator, sent)
    assert {stage.ends_at - stage.starts_at for stage in shown.stages} == {timedelta(minutes=30)}


def test_a_window_in_the_past_is_refused_at_its_start(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    sent = asked(thermostats, start, program, button="generate-fair") | {"starts_at": wall(start - timedelta(days=7))}
    answer = as_operator.post(NEW, sent)
    assert "Choose a start in the future." in answer.context["plan"].grid.start.errors["starts_at"][0]
    assert "generated" not in answer.context
    assert targets(answer.content.decode()) == [""]


def test_a_target_is_rounded_up_so_that_stages_lose_none_of_what_is_needed(program: Program, start: datetime) -> None:
    control = ProgramControl(program.pk, "off", 0)
    given = {333.33: "334", 333.0004: "333", 0.2: "1"}
    stages = {kw: GeneratedStage(program, control, start, start, 5, kw, kw, kw, 0) for kw in given}
    assert {kw: generated_row(stage, start, [])["target_kw"][0] for kw, stage in stages.items()} == given


@pytest.mark.parametrize(
    ("control", "value"), [("duty_cycle", "500"), ("setpoint_offset", "1e9"), ("setpoint_offset", "inf"), ("none", "0")]
)
def test_a_rows_control_out_of_its_limits_is_not_generated_from(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime, control: str, value: str
) -> None:
    sent = asked(thermostats, start, program, {"control": control, "control_value": value}, button="generate-fair")
    answer = as_operator.post(NEW, sent)
    assert "Correct the marked fields first" in answer.content.decode()
    assert answer.context["plan"].grid.rows.forms[0].errors.keys() & {"control", "control_value"}
    assert "generated" not in answer.context


def test_batteries_without_a_row_are_discharged(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    home = factories.program("HOME")
    hours = [start + timedelta(hours=n) for n in range(-2, 10)]
    ReductionFactor.objects.bulk_create(
        ReductionFactor(zone=thermostats.zone, device_class="battery", hour=hour, factor=1.0) for hour in hours
    )
    for _n in range(30):
        factories.device(
            thermostats.zone, home, since=start - timedelta(days=90), rated_w=1000, device_class="battery"
        )  # fmt: skip
    sent = asked(thermostats, start, program, button="generate-fair") | {"gen-programs": [home.pk]}
    shown = generate(as_operator, sent)
    assert [(stage.control.control, stage.devices) for stage in shown.stages] == [("discharge", 25)]  # of 0.8 kW


@pytest.mark.parametrize(
    ("objective", "kept", "goal"), [("Max Demand Threshold", (False, None), 20.0), ("Load Reduction", (True, 12), 12.0)]
)
def test_a_clone_whose_objective_follows_the_forecast_goes_by_that_of_its_own_day(
    new_event: Callable[..., Event], thermostats: Strategy, operator: User, now: datetime, objective: str,
    kept: tuple[bool, int | None], goal: float,
) -> None:  # fmt: skip
    event = new_event()
    Event.objects.filter(pk=event.pk).update(objective=objective, target_kw=20, threshold_kw=980)
    event.stages.update(generated=True, target_kw=12)
    clone = operations.clone_event(event_id=event.pk, by=operator, now=now)
    stage = clone.stages.get()
    assert (stage.generated, stage.target_kw) == kept
    assert stage_goals(clone, [stage]) == {stage.pk: goal}


def test_a_plan_calls_the_reserve_margin_that_schedule_adds_to_its_targets(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime
) -> None:
    EventType.objects.update(reserve_margin_pct=5)
    shown = generate(as_operator, asked(thermostats, start, program, button="generate-fair"))
    [stage] = shown.stages
    # 35 of them, 28 kW, still give 21 kW in the second hour: 20 and the margin.
    assert (stage.devices, stage.target_kw * 1.05) == (35, pytest.approx(28))
    assert shown.plan.effect_kw[2] == pytest.approx(21)
    assert shown.plan.need_kw[1:3] == (pytest.approx(20), pytest.approx(20))


@pytest.mark.parametrize(("target", "missing"), [(70, 0), (80, 8)])
def test_devices_that_are_missing_use_up_the_reserve_margin_first(
    as_operator: Client, thermostats: Strategy, program: Program, start: datetime, target: int, missing: int
) -> None:
    EventType.objects.update(reserve_margin_pct=5)
    plan = generate(as_operator, asked(thermostats, start, program, target_kw=target, button="generate-fair")).plan
    # All 120 together give 72 kW in the second hour.
    assert (plan.most_missing_kw, bool(plan.reasons)) == (pytest.approx(missing), bool(missing))
