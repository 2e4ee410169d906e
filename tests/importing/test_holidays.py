"""Holidays of the utility's own from a file."""

from datetime import date

import pytest

from cpm import operations
from cpm.models import Holiday
from cpm.models.programs import Program
from derms.models import Program as DermsProgram
from integration.seam import clock
from integration.seam.models import Message
from integration.seam.settling import settle

from .bringing import applied, apply, checked, counts
from .samples import bring_in

pytestmark = pytest.mark.django_db(transaction=True)

FILE = "Datum;Feiertag\n24.12.2027;Heiligabend\n31.12.2027;\n"


def own() -> list[str]:
    return [str(one) for one in Holiday.objects.filter(is_own=True)]


def test_holidays_are_brought_in_once_and_reach_derms_with_the_programs_that_follow_them() -> None:
    bring_in("program_types", "programs")
    code = Program.objects.earliest("pk").code
    Program.objects.filter(code=code).update(follows_holidays=True)
    before = Message.objects.count()

    assert counts(applied("holidays", FILE)) == (2, 0, 0, 0)
    assert own() == ["2027-12-24 Heiligabend", "2027-12-31"]
    assert counts(applied("holidays", FILE)) == (0, 0, 2, 0)
    assert Message.objects.count() == before + 1, "the one program that follows them, once"
    settle()
    days = DermsProgram.objects.get(code=code).rules.holidays
    assert {date(2027, 12, 24), date(2027, 12, 31)} <= set(days)

    run = applied("holidays", FILE.replace("2027;\n", "2027;Silvester\n"))
    assert (counts(run), own()) == ((0, 1, 1, 0), ["2027-12-24 Heiligabend", "2027-12-31 Silvester"])


def test_a_file_that_is_the_whole_truth_removes_ones_own_holidays_and_no_public_ones() -> None:
    operations.choose_country(country="DE", part="", by="pia", now=clock.now())
    public = Holiday.objects.filter(is_own=False).count()
    applied("holidays", FILE)

    run = checked("holidays", "day,name\n2027-12-24,Heiligabend\n")
    assert (run.missing, run.missing_shown) == (1, ["2027-12-31"])
    apply(run, ends_missing=True)

    assert (own(), Holiday.objects.filter(is_own=False).count()) == (["2027-12-24 Heiligabend"], public)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("30.02.2027", "It is no date; this file's dates are read as 2026-12-31, 31.12.2026 or month/day/year."),
        ("2027-12-24T13:00", "It is no date; this file's dates are read as 2026-12-31, 31.12.2026 or month/day/year."),
        ("", "The value is missing."),
        ("24.12.2027", "Line 2 has the same day."),
    ],
)
def test_a_day_that_is_none_or_comes_twice_is_refused(day: str, reason: str) -> None:
    run = checked("holidays", f"{FILE}{day};Tag\n")

    assert [(cell.line, cell.column, cell.reason) for cell in run.refused_cells.all()] == [(4, "day", reason)]
    assert not Holiday.objects.exists()
