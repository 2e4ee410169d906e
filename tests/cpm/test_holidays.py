"""The utility's holidays: those of its country, dates of its own, and the programs without events on them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from cpm import operations
from cpm.models import Holiday
from cpm.models.programs import Program
from cpm.operations import HolidayTaken
from cpm.queries.holidays import part_named, public_holidays
from derms.models import Program as DermsProgram
from integration.seam import clock
from integration.seam.dated_rules import DatedRules
from integration.seam.history import ObjectChange
from integration.seam.models import Message
from integration.seam.program_rules import ProgramRules
from integration.seam.settling import settle
from tests.pages.editing import save
from tests.pages.html import html_of

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
URL = "/holidays/"


@pytest.fixture(autouse=True)
def cool(program: DermsProgram) -> Program:
    rules = ProgramRules(holidays=(date(2027, 8, 2),)).model_dump(mode="json")
    Program.objects.filter(code="COOL").update(follows_holidays=True, rules_data=rules)
    return Program.objects.get(code="COOL")


def of_derms() -> tuple[date, ...]:
    settle()
    return DermsProgram.objects.get(code="COOL").rules.holidays


def choose(country: str, part: str = "") -> None:
    operations.choose_country(country=country, part=part, by="pia", now=NOW)


def test_public_holidays_are_those_of_a_part_of_the_country_in_its_own_language() -> None:
    bavarian, german = (public_holidays("DE", part, [2027]) for part in ("BY", ""))

    assert bavarian[date(2027, 1, 6)] == "Heilige Drei Könige"
    assert date(2027, 1, 6) not in german
    assert german[date(2027, 5, 6)] == "Christi Himmelfahrt"
    assert public_holidays("US", "CA", [2027])[date(2027, 3, 31)] == "Cesar Chavez Day"
    assert public_holidays("", "", [2027]) == {}
    assert (part_named("DE", "bayern"), part_named("DE", "by"), part_named("DE", "XX")) == ("BY", "BY", None)


def test_a_program_without_events_on_holidays_has_them_next_to_its_own_days() -> None:
    choose("DE")
    operations.add_holiday(day=date(2027, 12, 24), name="Heiligabend", by="pia", now=NOW)

    days = of_derms()
    assert {date(2026, 5, 1), date(2027, 8, 2), date(2027, 12, 24), date(2030, 12, 26)} <= set(days)
    assert date(2031, 1, 1) not in days, "three years ahead"
    assert list(days) == sorted(days)
    assert Program.objects.get(code="COOL").rules.holidays == (date(2027, 8, 2),), "its own rule stays as it was"

    choose("US")
    assert date(2027, 5, 1) not in of_derms()
    choose("")
    operations.remove_holiday(day=date(2027, 12, 24), by="pia", now=NOW)
    assert of_derms() == (date(2027, 8, 2),)


def test_rules_of_certain_days_have_the_holidays_too(cool: Program) -> None:
    dated = DatedRules(effective_on=date(2027, 6, 1), rules=ProgramRules(events_per_season=3))
    operations.save_dated_rules(program_id=cool.pk, replaces=None, dated=dated, by="pia", now=NOW)
    operations.add_holiday(day=date(2027, 7, 5), name="", by="pia", now=NOW)

    settle()
    known = DatedRules.model_validate(DermsProgram.objects.get(code="COOL").dated_rules_data[0])
    assert (known.rules.holidays, known.rules.events_per_season) == ((date(2027, 7, 5),), 3)


def test_other_programs_hear_nothing_of_holidays(cool: Program) -> None:
    Program.objects.update(follows_holidays=False)
    choose("DE")
    assert not Message.objects.exists()

    operations.save_program(program_id=cool.pk, fields={"follows_holidays": True}, rules=cool.rules, by="pia", now=NOW)
    assert date(2027, 10, 3) in of_derms()


def test_the_night_takes_over_new_years_and_nothing_twice() -> None:
    choose("DE")
    settle()
    operations.renew_holidays(now=NOW + timedelta(days=1))
    assert Message.objects.filter(kind="program_rule_sync").count() == 1, "nothing has changed"

    operations.renew_holidays(now=NOW.replace(year=2028))
    assert date(2031, 1, 1) in of_derms()
    assert not Holiday.objects.filter(day__year=2026).exists()


def test_a_day_is_one_holiday_of_ones_own_and_may_be_the_country_s_as_well() -> None:
    choose("DE")
    operations.add_holiday(day=date(2027, 5, 1), name="Ours", by="pia", now=NOW)
    with pytest.raises(HolidayTaken, match="2027-05-01 is one of your own holidays already"):
        operations.add_holiday(day=date(2027, 5, 1), name="Again", by="pia", now=NOW)

    choose("")
    assert [str(one) for one in Holiday.objects.all()] == ["2027-05-01 Ours"]
    assert of_derms() == (date(2027, 5, 1), date(2027, 8, 2))


def test_the_page_chooses_a_country_and_refuses_a_part_it_does_not_have(as_manager: Client) -> None:
    answer = save(as_manager, URL, {"country": "DE", "part": "Kalifornien"})
    assert "The country has no part “Kalifornien” with holidays of its own. It has: Augsburg, BB" in html_of(answer)
    answer = save(as_manager, URL, {"country": "Atlantis", "part": ""})
    assert "The holidays of “Atlantis” aren" in html_of(answer)
    answer = save(as_manager, URL, {"country": "", "part": "BY"})
    assert "Write the country that “BY” is a part of." in html_of(answer)
    assert save(as_manager, URL, {"country": "germany", "part": "Bayern"}).status_code == 302

    shown = html_of(as_manager.get(URL))
    assert "Christi Himmelfahrt" in shown
    assert 'value="BY"' in shown
    (change,) = ObjectChange.objects.filter(kind="holiday calendar", what="changed")
    assert (change.by, change.fields["country"]) == ("pia", ["", "DE"])


def test_the_page_adds_and_removes_a_date_of_ones_own(as_manager: Client) -> None:
    day = clock.now().date() + timedelta(days=400)
    assert as_manager.post(f"{URL}new/", {"day": str(day), "name": "Founders"}).status_code == 302
    assert "Founders" in html_of(as_manager.get(URL))
    assert day in of_derms()
    assert as_manager.post(f"{URL}new/", {"day": str(day), "name": "Again"}).status_code == 409

    assert "Remove the holiday" in html_of(as_manager.get(f"{URL}{day}/remove/"))
    assert as_manager.post(f"{URL}{day}/remove/").status_code == 302
    assert day not in of_derms()
    assert as_manager.get(f"{URL}{day}/remove/").status_code == 404
    changes = ObjectChange.objects.filter(kind="holiday").order_by("pk")
    assert [(one.what, one.by) for one in changes] == [("created", "pia"), ("removed", "pia")]
