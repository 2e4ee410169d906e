"""New Event and Edit: the grid of stages, the check of a typed plan, and the draft."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from derms import operations
from derms.choices import Objective
from derms.models import ControlZone, DerGroup, Event, EventDraft, Program, Stage, Strategy
from derms.planning import check as plan_check
from integration.console.models import User
from tests import factories
from tests.pages.html import html_of

pytestmark = pytest.mark.django_db
NEW = "/events/new/"


@pytest.fixture
def as_operator(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


@pytest.fixture
def start(now: datetime) -> datetime:
    return (now + timedelta(hours=3)).replace(second=0, microsecond=0)


def wall(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%dT%H:%M")


def typed(strategy: Strategy, start: datetime, *rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """What a browser sends from New Event with these rows."""
    program = strategy.stages.get().program_id
    row = {"program": program, "offset_minutes": 0, "length_minutes": 30, "control": "off", "control_value": 0}
    grid = {f"stages-{n}-{name}": value for n, own in enumerate(rows) for name, value in {**row, **own}.items()}
    counts = {"stages-TOTAL_FORMS": len(rows), "stages-INITIAL_FORMS": 0, "rows_of": str(strategy.uid)}
    return {"strategy": str(strategy.uid), "starts_at": wall(start), **counts, **grid, **fields}


def rows_shown(page: str) -> int:
    return page.count('class="grid-row ')


def test_the_first_page_shows_the_stages_of_the_chosen_strategy(as_operator: Client, strategy: Strategy) -> None:
    page = as_operator.get(f"{NEW}?strategy={strategy.uid}").content.decode()
    assert rows_shown(page) == 1
    assert f'name="rows_of" value="{strategy.uid}"' in page


def test_a_program_that_is_not_active_is_offered_only_to_a_row_that_has_it(
    as_operator: Client, strategy: Strategy, program: Program
) -> None:
    factories.program("FORMER")
    Program.objects.filter(code="FORMER").update(active=False)
    page = as_operator.get(f"{NEW}?strategy={strategy.uid}").content.decode()
    assert "Former program" not in page

    Program.objects.filter(pk=program.pk).update(active=False)
    page = as_operator.get(f"{NEW}?strategy={strategy.uid}").content.decode()
    assert f"{program.name} (not active)" in page


def test_an_address_that_names_no_strategy_opens_without_one(as_operator: Client, strategy: Strategy) -> None:
    answer = as_operator.get(f"{NEW}?strategy=none-such")
    assert (answer.status_code, rows_shown(answer.content.decode())) == (200, 0)


def test_an_event_gets_the_stages_of_the_grid(as_operator: Client, strategy: Strategy, start: datetime) -> None:
    group = DerGroup.objects.create(name="Thermostats", device_classes=["thermostat"])
    rows = ({"length_minutes": "0.5"}, {"offset_minutes": 30, "target_kw": 7, "der_groups": [group.pk]})
    as_operator.post(NEW, typed(strategy, start, *rows, submit="1"))
    event = Event.objects.get()
    assert (event.state, event.name) == ("Submitted", strategy.name)
    first, second = event.stages.order_by("number")
    assert (first.starts_at, first.ends_at) == (start, start + timedelta(seconds=30))
    assert (second.starts_at, second.target_kw) == (start + timedelta(minutes=30), 7)
    assert second.group_criteria == [group.criteria]


def test_rows_of_another_strategy_give_way_to_those_of_the_chosen_one(
    as_operator: Client, strategy: Strategy, start: datetime, zone: ControlZone, program: Program
) -> None:
    other = factories.strategy(zone, program, stages=2)
    form = {**typed(strategy, start, {}), "strategy": str(other.uid)}
    assert rows_shown(as_operator.post(NEW, {**form, "button": "strategy"}).content.decode()) == 2
    as_operator.post(NEW, form)
    assert (Event.objects.get().strategy, Stage.objects.count()) == (other, 2)


@pytest.mark.parametrize(("button", "rows"), [("add", 3), ("clone-0", 3), ("remove-1", 1), ("remove-9", 2)])
def test_buttons_of_the_grid_change_its_rows_and_save_nothing(
    as_operator: Client, strategy: Strategy, start: datetime, button: str, rows: int
) -> None:
    answer = as_operator.post(NEW, typed(strategy, start, {}, {}, button=button))
    assert (answer.status_code, rows_shown(answer.content.decode())) == (200, rows)
    assert not Event.objects.exists()


def test_the_check_of_a_typed_plan_says_what_rules_and_limits_cost(
    as_operator: Client, strategy: Strategy, start: datetime, program: Program
) -> None:
    rows = [{"length_minutes": 30}, {"length_minutes": 30, "offset_minutes": 30}]
    answer = as_operator.post(f"{NEW}check/", typed(strategy, start, *rows)).content.decode()
    assert "left out" not in answer
    Program.objects.filter(pk=program.pk).update(rules_data={"longest_minutes": 59})
    factories.device(strategy.zone, program, since=start - timedelta(days=2))

    answer = html_of(as_operator.post(f"{NEW}check/", typed(strategy, start, *rows))).replace("\xa0", " ")

    said = "21 devices are left out, 16.8 <small>kW</small> less: rule: longest event"
    assert answer.count(said) == 2, "in each stage"
    assert "42 devices" not in answer, "a device that two stages leave out is one"


def test_shift_all_moves_the_start(as_operator: Client, strategy: Strategy, start: datetime) -> None:
    form = typed(strategy, start, {}, button="shift--15")
    answer = as_operator.post(NEW, form, headers={"HX-Request": "true"}).content.decode()
    assert f'value="{wall(start - timedelta(minutes=15))}"' in answer
    assert "<html" not in answer
    assert as_operator.post(NEW, {**form, "button": "erase"}).status_code == 400


def test_errors_name_the_stage_the_value_and_the_limit_and_link_to_the_field(
    as_operator: Client, strategy: Strategy, start: datetime
) -> None:
    answer = as_operator.post(NEW, typed(strategy, start, {"length_minutes": 0}, {"share_pct": 130}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "A stage lasts at least 0.01 min; this is 0." in page
    assert "At most 100; this is 130." in page
    assert 'href="#id_stages-1-share_pct"' in page


def test_the_check_counts_what_was_typed_and_leaves_nothing_behind(
    as_operator: Client, strategy: Strategy, start: datetime
) -> None:
    batteries = DerGroup.objects.create(name="Batteries", device_classes=["battery"])
    page = as_operator.post(NEW + "check/", typed(strategy, start, {})).content.decode()
    assert "20 devices eligible" in page
    assert 'data-chart="load-data"' in page
    none = as_operator.post(NEW + "check/", typed(strategy, start, {"der_groups": [batteries.pk]})).content.decode()
    assert "0 devices eligible" in none
    assert not Event.objects.exists()
    assert not Stage.objects.exists()


def test_the_check_tells_conflicts_the_lead_time_and_what_waits_for_a_value(
    as_operator: Client, strategy: Strategy, event_in: Callable[..., Event], now: datetime
) -> None:
    other = event_in("Submitted")
    begins = other.stages.get().starts_at
    assert other.number in as_operator.post(NEW + "check/", typed(strategy, begins, {})).content.decode()
    assert (
        "300 s of lead time"
        in as_operator.post(NEW + "check/", typed(strategy, now + timedelta(minutes=2), {})).content.decode()
    )
    waits = as_operator.post(NEW + "check/", typed(strategy, begins, {"program": ""})).content.decode()
    assert "Fix this before the plan can be checked" in waits


@pytest.mark.parametrize(
    ("objective", "amounts", "warned"),
    [
        (Objective.MAX_DEMAND_THRESHOLD, {"threshold_kw": 10_000_000}, True),
        (Objective.MAX_DEMAND_THRESHOLD, {"threshold_kw": 1}, False),
        (Objective.LOAD_REDUCTION, {}, False),  # a missing target is reported as a problem of its own
    ],
)
def test_the_check_warns_where_the_threshold_leaves_nothing_to_reduce(
    as_operator: Client, strategy: Strategy, start: datetime, objective: str, amounts: dict[str, int], warned: bool
) -> None:
    Strategy.objects.update(objective=objective)
    page = as_operator.post(NEW + "check/", typed(strategy, start, {}, **amounts)).content.decode()
    assert ("nothing is needed, and the event would not be scheduled" in page) is warned
    assert "of 0 kW target" not in page
    assert not (warned and "Can be submitted" in page)


def test_the_check_says_what_would_be_reserved_and_what_is_available(
    as_operator: Client, strategy: Strategy, start: datetime
) -> None:
    Strategy.objects.update(objective="Load Reduction")
    page = html_of(as_operator.post(NEW + "check/", typed(strategy, start, {}, target_kw=4)))
    page = page.replace("\N{NO-BREAK SPACE}", " ")
    assert "<b>4 <small>kW</small></b> would be reserved of 4 <small>kW</small> target, at the highest moment" in page
    assert "16 <small>kW</small> are available" in page


@pytest.mark.parametrize("ago", [timedelta(days=6, hours=13), timedelta(minutes=5)])
def test_a_plan_that_starts_in_the_past_is_refused_before_save(
    as_operator: Client, strategy: Strategy, start: datetime, now: datetime, ago: timedelta
) -> None:
    answer = as_operator.post(NEW, typed(strategy, now - ago, {}, submit="1"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert ("should have started 6 d 13 h ago" in page) is (ago.days == 6)
    assert "Choose a start in the future." in page
    assert not Event.objects.exists()


@pytest.mark.parametrize("state", ["New", "Submitted", "Approved"])
def test_the_page_of_a_plan_whose_start_has_passed_says_so(
    as_operator: Client, event_in: Callable[..., Event], now: datetime, state: str
) -> None:
    event = event_in(state)
    event.stages.update(starts_at=now - timedelta(days=6))
    page = as_operator.get(f"/events/{event.number}/").content.decode()
    assert "Starts in" not in page
    assert "has passed" in page


def test_a_count_that_takes_too_long_is_a_kind_sentence(
    as_operator: Client,
    strategy: Strategy,
    zone: ControlZone,
    program: Program,
    start: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    factories.fleet(zone, program, 5000, since=start - timedelta(days=9), prefix="X")
    monkeypatch.setattr(plan_check, "PATIENCE", timedelta(milliseconds=1))
    answer = as_operator.post(NEW + "check/", typed(strategy, start, {}))
    assert answer.status_code == 200
    assert "Counting the devices is taking too long" in answer.content.decode()


def test_edit_saves_the_grid_and_keeps_the_stages_that_stay(
    as_operator: Client, strategy: Strategy, new_event: Callable[..., Event], start: datetime
) -> None:
    event = new_event()
    uid, address = event.stages.get().uid, f"/events/{event.number}/edit/"
    details = {"name": "Cold peak", "objective": "Maximum Reduction", "seen": f"{event.number}@{event.revision}"}
    form = {**typed(strategy, start, {"offset_minutes": 15}, {"number": 1, "length_minutes": 45}), **details}
    assert "2 · Cool program" in as_operator.post(f"/events/{event.number}/check/", form).content.decode()
    assert as_operator.post(address, form).status_code == 302
    added, kept = Event.objects.get(name="Cold peak").stages.order_by("number")
    assert (kept.uid, kept.minutes, kept.number, added.number) == (uid, 45, 2, 1), "numbered as the rows were shown"
    late = as_operator.post(address, form)
    assert late.status_code == 409
    page = late.content.decode()
    assert "changed since you opened it: olive" in page
    assert "What you typed is kept below" in page
    assert late.context["plan"].form["name"].value() == "Cold peak"
    assert as_operator.post(address, form | {"seen": dict(late.context["hidden"])["seen"]}).status_code == 302


@pytest.mark.parametrize("seen", [{}, {"seen": "abc"}, {"seen": f"DR-1@{'9' * 5000}"}])
def test_an_edit_that_does_not_say_what_was_seen_changes_nothing(
    as_operator: Client, strategy: Strategy, new_event: Callable[..., Event], start: datetime, seen: dict[str, str]
) -> None:
    event = new_event()
    details = {"name": "Unseen", "objective": "Maximum Reduction", **seen}
    answer = as_operator.post(f"/events/{event.number}/edit/", {**typed(strategy, start, {"number": 1}), **details})
    assert answer.status_code == 409
    assert not Event.objects.filter(name="Unseen").exists()


@pytest.mark.parametrize("name", ["stages-TOTAL_FORMS", "stages-0-number"])
def test_numbers_of_5000_digits_are_refused_and_never_keep_the_page_away(
    as_operator: Client, strategy: Strategy, start: datetime, name: str
) -> None:
    long = {**typed(strategy, start, {}), name: "9" * 5000}
    for address, button in (("/events/new/", {}), ("/events/new/", {"button": "add"}), ("/events/new/keep/", {})):
        assert as_operator.post(address, {**long, **button}).status_code < 500
    assert as_operator.get("/events/new/").status_code == 200
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"length_minutes": "0.0001"}, "A stage lasts at least 0.01 min; this is 0.0001."),
        ({"control": "duty_cycle", "control_value": "0.5"}, "A duty cycle is 1 to 100 %; this is 0.5."),
        ({"control": "setpoint_offset", "control_value": "0"}, "A setpoint offset is 0.1 to 10 K"),
        ({"control": "setpoint_offset", "control_value": "1e308"}, "A setpoint offset is 0.1 to 10 K"),
        ({"control": "off", "control_value": "-50"}, "This control has no value: enter 0; this is \N{MINUS SIGN}50"),
    ],
)
def test_a_value_out_of_its_limits_is_refused_with_value_and_limit(
    as_operator: Client, strategy: Strategy, start: datetime, row: dict[str, str], sentence: str
) -> None:
    answer = as_operator.post("/events/new/", typed(strategy, start, row))
    assert answer.status_code == 422
    assert sentence in html_of(answer)
    assert not Event.objects.exists()


@pytest.mark.parametrize("name", ["target_kw", "share_pct", "offset_minutes", "length_minutes"])
def test_a_number_above_its_limit_is_refused_with_both_on_both_forms(
    as_operator: Client, strategy: Strategy, start: datetime, name: str
) -> None:
    limit = {"target_kw": "10000000", "share_pct": "100"}.get(name, "10080")
    value = "99999" if name.endswith("minutes") else "99999999999"
    row = {"program": strategy.stages.get().program_id, "offset_minutes": 0, "length_minutes": 30, "control": "off"}
    rows = {f"stages-0-{key}": str(one) for key, one in {**row, "control_value": 0, name: value}.items()}
    counts = {"stages-TOTAL_FORMS": "1", "stages-INITIAL_FORMS": "0"}
    details = {
        "name": "N",
        "zone": strategy.zone_id,
        "type": strategy.type_id,
        "objective": "Manual",
        "call_order": "fair",
    }
    for answer in (
        as_operator.post(NEW, typed(strategy, start, {name: value})),
        as_operator.post("/strategies/new/", {**details, "call_order": "fair", **counts, **rows}),
    ):
        assert answer.status_code == 422
        assert f"At most {limit}; this is {value}." in html_of(answer)


def test_each_row_shows_its_window_its_unit_and_the_power_expected(
    as_operator: Client, strategy: Strategy, start: datetime
) -> None:
    rows = ({}, {"offset_minutes": 30, "control": "setpoint_offset", "control_value": 2})
    Strategy.objects.update(objective="Maximum Reduction")
    page = html_of(as_operator.post(NEW + "check/", typed(strategy, start, *rows))).replace("\N{NO-BREAK SPACE}", " ")
    first, second = page.split('id="facts-')[1:]
    assert (first[0], second[0]) == ("1", "2")
    local = start.astimezone(ZoneInfo("America/New_York"))
    for row, minutes, unit in ((first, 0, "none, enter 0"), (second, 30, "K, up or down")):
        for moment in (minutes, minutes + 30):
            assert f"{local + timedelta(minutes=moment):%H:%M}" in row
        assert f"control value: {unit}" in row
        assert "expected" in row


def test_the_grid_hides_what_the_objective_does_not_use(as_operator: Client, strategy: Strategy) -> None:
    Strategy.objects.update(objective="Manual")
    assert 'data-objective="Manual"' in as_operator.get(NEW).content.decode()


def test_an_action_for_one_event_asks_for_one_event(as_operator: Client) -> None:
    page = as_operator.get("/events/actions/edit/", follow=True).content.decode()
    assert "Select one event first." in page


def test_who_may_only_look_cannot_save_an_edit(approver: User, new_event: Callable[..., Event]) -> None:
    client = Client()
    client.force_login(approver)
    assert client.post(f"/events/{new_event().number}/edit/", {"name": "Mine"}).status_code == 403


def test_what_was_typed_is_there_again_until_it_is_saved_or_discarded(
    as_operator: Client, strategy: Strategy, start: datetime, second_operator: User
) -> None:
    form = typed(strategy, start, {}, {}, name="Left alone")
    as_operator.post(NEW + "keep/", form)
    page = as_operator.get(NEW).content.decode()
    assert 'value="Left alone"' in page
    assert rows_shown(page) == 2
    operations.keep_draft(person=second_operator, typed="name=Theirs", now=start)
    as_operator.post(NEW + "discard/")
    assert "Left alone" not in as_operator.get(NEW).content.decode()
    as_operator.post(NEW + "keep/", form)
    as_operator.post(NEW, form)
    assert list(EventDraft.objects.values_list("person", flat=True)) == [second_operator.pk]
