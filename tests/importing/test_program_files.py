"""Programs and their types from files are checked as pages check them."""

from datetime import date

import pytest

from cpm.models import Program, ProgramType
from derms.models import Program as DermsProgram
from integration.seam.settling import settle

from .bringing import applied, checked, counts

pytestmark = pytest.mark.django_db
HEADING = "program,name,type,Beginn,last_day\n"


@pytest.fixture(autouse=True)
def types() -> None:
    applied("program_types", "type,name,category\nT1,Control,\nT2,Compared,control group\n")


def refused(kind: str, text: str) -> tuple[str, str]:
    cell = checked(kind, text).refused_cells.get()
    return cell.column, cell.reason


def test_first_and_last_day_reach_derms_and_an_empty_cell_means_any() -> None:
    row = f"{HEADING}COOL,Cool,T1,01.05.2027,2027-09-30\n"
    applied("programs", row)
    settle()

    told = DermsProgram.objects.get(code="COOL")
    assert (told.starts_on, told.ends_on) == (date(2027, 5, 1), date(2027, 9, 30))
    assert counts(checked("programs", row)) == (0, 0, 1, 0), "the same file changes nothing"
    applied("programs", "program,name,type\nCOOL,Cooler,T1\n")
    assert Program.objects.get().ends_on == date(2027, 9, 30), "a column that the file lacks stays as it is"
    applied("programs", f"{HEADING}COOL,Cooler,T1,,2027-09-30\n")
    settle()
    told.refresh_from_db()
    assert (told.starts_on, told.ends_on) == (None, date(2027, 9, 30))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"{HEADING}HEAT,Heat,T1,2027-05-02,2027-05-01\n",
         "The last day, 2027-05-01, is before the first, 2027-05-02."),
        ("program,name,type,ends_on\nCOOL,Cool,T1,2027-04-30\n",
         "The last day, 2027-04-30, is before the first, 2027-05-01."),
        ("program,name,type,starts_on\nCOOL,Cool,T1,2027-10-01\n",
         "The last day, 2027-09-30, is before the first, 2027-10-01."),
    ],
)  # fmt: skip
def test_a_last_day_before_the_first_is_refused_also_against_what_is_there(text: str, sentence: str) -> None:
    applied("programs", f"{HEADING}COOL,Cool,T1,2027-05-01,2027-09-30\n")
    assert refused("programs", text) == ("ends_on", sentence)


def test_no_such_day_is_refused_with_its_value() -> None:
    assert refused("programs", f"{HEADING}COOL,Cool,T1,2027-02-30,\n")[1].startswith("It is no date")


@pytest.mark.parametrize(
    ("column", "value", "missing", "sentence"),
    [
        ("season_start", "06-01", "season_end", "A season needs both its first and its last day."),
        ("hours_until", "21:00", "hours_from", "Hours need both a start and an end."),
    ],
)
def test_half_a_season_and_half_the_hours_are_refused(column: str, value: str, missing: str, sentence: str) -> None:
    assert refused("programs", f"program,name,type,{column}\nCOOL,Cool,T1,{value}\n") == (missing, sentence)


def test_rules_have_the_limits_of_pages() -> None:
    heading = "program,name,type,season_start,season_end,events_per_week\n"
    assert refused("programs", f"{heading}COOL,Cool,T1,02-30,03-01,\n")[1].startswith("It is no day of a year")
    assert refused("programs", f"{heading}COOL,Cool,T1,,,100001\n")[1] == "It is not between 0 and 100,000."
    cutoff = "type,name,opt_out_cutoff_minutes\nT3,Other,10081\n"
    assert refused("program_types", cutoff)[1] == "It is not between 0 and 10,080."


def test_a_program_keeps_its_type_and_a_type_with_programs_its_category() -> None:
    applied("programs", "program,name,type\nCOOL,Cool,T1\n")

    column, reason = refused("programs", "program,name,type\nCOOL,Cool,T2\n")
    assert (column, "The program is of type “T1”" in reason) == ("type", True)
    column, reason = refused("program_types", "type,name,category\nT1,Control,rate based\n")
    assert (column, "category “device control”, which decides" in reason) == ("category", True)
    assert counts(applied("program_types", "type,name,category\nT2,Compared,rate based\n")) == (0, 1, 0, 0)
    assert ProgramType.objects.get(code="T2").category == "rate based"
