"""Program Configuration and Program Type Configuration: DERMS receives what it has to know, and nothing else."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client

from cpm.forms import RulesForm
from cpm.models import Removal
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent, Transition
from cpm.models.programs import Program, ProgramType
from cpm.queries import uses_of_limits
from derms.forms import EventForm
from derms.models import Program as DermsProgram
from integration.seam.models import Message
from integration.seam.program_limits import period_spans
from integration.seam.program_rules import FIELDS, PERIODS, RULES, ProgramRules, RuleField, Unit
from integration.seam.settling import settle
from tests.pages.editing import opened, save
from tests.pages.html import html_of

URL = "/programs/COOL/"
TYPE_URL = "/program-types/TYPE/"
PLAIN = {"name": "Cool program", "active": "on", "dual_participation": "on"}


@pytest.fixture(autouse=True)
def cool(program: DermsProgram) -> Program:
    return Program.objects.get(code="COOL")


def test_rules_are_saved_and_told_to_derms(as_manager: Client, cool: Program, program: DermsProgram) -> None:
    answer = save(
        as_manager,
        URL,
        PLAIN
        | {
            "season_start": "06-01",
            "season_end": "09-30",
            "hours_from": "14:00",
            "hours_until": "00:00",
            "weekdays": ["0", "4"],
            "holidays": "2026-07-04\n2026-12-25",
            "longest_minutes": "240",
            "events_per_week": "0",
            "critical_care_exempt": "on",
            "overridable": ["longest", "season"],
        },
    )
    assert answer["Location"] == URL
    settle()
    expected = ProgramRules(
        season_start="06-01",
        season_end="09-30",
        hours_from=time(14),
        hours_until=time(0),
        weekdays=(0, 4),
        holidays=(date(2026, 7, 4), date(2026, 12, 25)),
        longest_minutes=240,
        events_per_week=0,
        critical_care_exempt=True,
        overridable=("season", "longest"),
    )
    saved = Program.objects.get(pk=cool.pk)
    assert set(saved.rules.overridable) == {"season", "longest"}
    assert saved.rules.model_copy(update={"overridable": ()}) == expected.model_copy(update={"overridable": ()})
    assert DermsProgram.objects.get(pk=program.pk).rules == saved.rules


def test_the_page_shows_what_is_saved_so_that_saving_it_again_changes_nothing(
    as_manager: Client, cool: Program
) -> None:
    rules = ProgramRules(
        season_start="06-01", season_end="09-30", hours_from=time(14), hours_until=time(20, 30), weekdays=(0, 4),
        holidays=(date(2026, 7, 4), date(2026, 12, 25)), notice_minutes=30, critical_care_exempt=True,
        overridable=("season",),
    )  # fmt: skip
    Program.objects.filter(pk=cool.pk).update(rules_data=rules.model_dump(mode="json"))
    form = as_manager.get(URL).context["rules"]
    fields = {name: shown(form, name) for name in form.fields}
    save(as_manager, URL, PLAIN | {name: value for name, value in fields.items() if value not in (None, "", False)})
    saved = Program.objects.get(pk=cool.pk)
    assert (saved.rules, saved.version) == (rules, 1)
    assert not Message.objects.exists()


def shown(form: RulesForm, name: str) -> Any:
    return form[name].field.prepare_value(form[name].value())


def test_a_flag_derms_does_not_evaluate_is_no_message(as_manager: Client, cool: Program) -> None:
    save(as_manager, URL, PLAIN | {"allow_customer_unavailability": "on"})
    saved = Program.objects.get(pk=cool.pk)
    assert (saved.allow_customer_unavailability, saved.version) == (True, 2)
    assert not Message.objects.exists()


def test_a_new_name_and_an_inactive_program_are_told_to_derms(as_manager: Client, program: DermsProgram) -> None:
    save(as_manager, URL, {"name": "Cooler"})
    settle()
    known = DermsProgram.objects.get(pk=program.pk)
    assert (known.name, known.active) == ("Cooler", False)


def test_hours_may_pass_midnight(as_manager: Client, cool: Program) -> None:
    assert save(as_manager, URL, PLAIN | {"hours_from": "22:00", "hours_until": "06:00"}).status_code == 302

    rules = Program.objects.get(pk=cool.pk).rules
    assert (rules.hours_from, rules.hours_until) == (time(22), time(6))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"season_start": "06-01"}, "A season needs both its first and its last day."),
        ({"season_start": "06-31", "season_end": "09-30"}, "“06-31” is not a month-day."),
        ({"hours_from": "14:00"}, "Hours need both a start and an end."),
        ({"holidays": "4 July"}, "is not a date. Write year-month-day"),
        ({"longest_minutes": "0"}, "greater than or equal to 1"),
        ({"events_per_week": "-1"}, "greater than or equal to 0"),
        ({"weekdays": ["7"]}, "7 is not one of the available choices"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_makes_no_sense_comes_back_with_a_sentence_and_changes_nothing(
    as_manager: Client, cool: Program, fields: dict[str, Any], sentence: str
) -> None:
    answer = save(as_manager, URL, PLAIN | fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Program.objects.values().get(pk=cool.pk) == Program.objects.values().get(pk=cool.pk) | {
        "name": cool.name,
        "rules_data": {},
        "version": 1,
    }
    assert not Message.objects.exists()


TYPED = {
    Unit.MONTH_DAY: "06-01",
    Unit.TIME_OF_DAY: "14:00",
    Unit.WEEKDAYS: ["0", "4"],
    Unit.DATES: "2026-07-04",
    Unit.FLAG: "on",
}
LATER = {"hours_until": "20:00"}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_each_rule_is_asked_for_saved_told_to_derms_and_shown_again(
    field: RuleField, as_manager: Client, program: DermsProgram
) -> None:
    pair = [other.name for other in FIELDS if other.rule == field.rule]
    typed = {name: LATER.get(name) or TYPED.get(field.unit, "7") for name in pair}

    save(as_manager, URL, PLAIN | typed | {"overridable": [field.rule.name]})
    settle()

    rules = DermsProgram.objects.get(pk=program.pk).rules
    assert rules.overridable == (field.rule.name,)
    assert getattr(rules, field.name) != ProgramRules.model_fields[field.name].default
    page = as_manager.get(URL)
    assert page.context["rules"].initial[field.name] == getattr(rules, field.name)
    assert f'name="{field.name}"' in page.content.decode()


def test_any_rule_may_be_marked_override_able_and_overridden() -> None:
    assert [name for name, _ in RulesForm().fields["overridable"].choices] == list(RULES)
    assert [name for name, _ in EventForm().fields["overridden_rules"].choices] == list(RULES)


def test_every_rule_of_the_contract_has_a_field() -> None:
    assert set(RulesForm().fields) == set(ProgramRules.model_fields)


def test_a_form_sent_twice_acts_once(as_manager: Client, cool: Program) -> None:
    form = PLAIN | {"longest_minutes": "60", "request_key": "6f1c7f52-7a0f-4a9f-9a5b-0d3d2a1f4c11"}
    form |= opened(as_manager, URL)
    for _ in range(2):
        assert as_manager.post(URL, form).status_code == 302
    assert Program.objects.get(pk=cool.pk).version == 2


def test_event_opt_out_parameters_are_saved(as_manager: Client) -> None:
    fields = {"name": "Test type", "allow_to_opt_out": "on", "opt_out_cutoff_minutes": "60"}
    assert save(as_manager, TYPE_URL, fields)["Location"] == TYPE_URL
    saved = ProgramType.objects.get(code="TYPE")
    assert (saved.allow_to_opt_out, saved.opt_out_cutoff_minutes) == (True, 60)
    assert saved.device_required is False


@pytest.mark.parametrize("minutes", ["-1", "x", "", "20000"])
def test_a_cut_off_that_makes_no_sense_changes_nothing(as_manager: Client, minutes: str) -> None:
    fields = {"name": "Other", "allow_to_opt_out": "on", "opt_out_cutoff_minutes": minutes}
    assert save(as_manager, TYPE_URL, fields).status_code == 422
    saved = ProgramType.objects.get(code="TYPE")
    assert (saved.name, saved.allow_to_opt_out) == ("Test type", False)


def test_the_list_leads_to_both(as_manager: Client) -> None:
    page = as_manager.get("/programs/").content.decode()
    assert f'href="{URL}"' in page
    assert f'href="{TYPE_URL}"' in page


def test_unknown_codes_are_not_found(as_manager: Client) -> None:
    assert as_manager.get("/programs/NONE/").status_code == 404
    assert as_manager.get("/program-types/NONE/").status_code == 404


def test_strangers_see_and_change_nothing(as_outsider: Client, as_csr: Client, client: Client, cool: Program) -> None:
    for url in ("/programs/", URL, TYPE_URL):
        for stranger in (as_outsider, as_csr):
            assert stranger.get(url).status_code == 403
        assert client.get(url)["Location"].startswith("/account/login/")
    assert as_csr.post(URL, PLAIN | {"name": "Mine"}).status_code == 403
    assert Program.objects.get(pk=cool.pk).name == cool.name


def test_use_of_limits_counts_events_not_stages_and_hours_that_ran_or_will(
    as_manager: Client, make_program_event: Callable[..., ProgramEvent], cool: Program, now: datetime
) -> None:
    Program.objects.update(rules_data=ProgramRules(events_per_week=4, hours_per_week=8).model_dump(mode="json"))
    spans = period_spans(ProgramRules(), now, "America/New_York")
    week = next(span.starts_at for period, span in spans.items() if period.name == "week") - now
    hour = timedelta(hours=1)
    first = make_program_event("DR-2026-0001", state="Completed", starts_in=week + hour)
    make_program_event("DR-2026-0001", stage_number=2, state="Completed", starts_in=week + 3 * hour)
    ProgramEvent.objects.update(event_uid=first.event_uid)
    make_program_event("DR-2026-0002", starts_in=week + 30 * hour)
    make_program_event("DR-2026-0003", state="Canceled", starts_in=week + 50 * hour)
    canceled = make_program_event(
        "DR-2026-0004", state="Canceled", starts_in=week + 70 * hour, started_at=now + week + 70 * hour
    )
    at = canceled.starts_at + hour / 2
    Transition.objects.create(program_event=canceled, revision=2, to_state="Canceled", at=at, by="DERMS")
    make_program_event("DR-2026-0005", state="Completed", starts_in=week - hour)
    uses = {use.limit.period: use for use in uses_of_limits(cool, now)[1]}
    assert (uses["This week"].events, uses["This week"].hours, uses["This week"].used_up) == (3, 3.5, 0)
    assert uses["This month"].limit.most_events is None
    page = html_of(as_manager.get(URL))
    assert "3 / 4" in page
    assert "75\u00a0%" in page
    assert "3.5 / 8" in page


def test_use_of_limits_is_the_most_any_device_has_and_says_how_many_have_none_left(
    as_manager: Client, make_program_event: Callable[..., ProgramEvent], cool: Program, now: datetime
) -> None:
    Program.objects.update(rules_data=ProgramRules(events_per_season=2, hours_per_month=1).model_dump(mode="json"))
    for number, zone_devices in ((1, (0, 1)), (2, (2,)), (3, (3, 4))):
        make_program_event(f"DR-2026-000{number}", starts_in=timedelta(), reserved=zone_devices)
    make_program_event("DR-2026-0004", starts_in=timedelta(minutes=1), reserved=(0, 2))
    cool.refresh_from_db()
    season = uses_of_limits(cool, now)[1][-1]
    assert (season.events, season.hours, season.used_up) == (2, 2.0, 2)
    assert "2 devices have none left" in html_of(as_manager.get(URL))


def test_a_released_device_used_a_limit_until_then_and_a_removed_one_did_not(
    make_program_event: Callable[..., ProgramEvent], cool: Program, now: datetime
) -> None:
    Program.objects.update(rules_data=ProgramRules(hours_per_month=1).model_dump(mode="json"))
    event = make_program_event(starts_in=timedelta(), reserved=(0, 1))
    answers = zip(("released", "removed"), Device.objects.order_by("pk")[:2], strict=True)
    for answer, device in answers:
        Removal.objects.create(
            stage_uid=event.stage_uid, head_end=device.head_end, nic_id=device.nic_id, reason="opt-out",
            requested_at=now, answer=answer, answered_at=now + timedelta(minutes=15),
        )  # fmt: skip
    season = uses_of_limits(cool, now)[1][-1]
    assert (season.events, season.hours) == (1, 0.25)


def test_a_program_without_events_or_limits_uses_nothing(as_manager: Client, cool: Program) -> None:
    assert as_manager.get(URL).content.decode().count("no limit</span>") == 2 * len(PERIODS)
