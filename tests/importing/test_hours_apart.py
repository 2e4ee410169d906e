"""Load files that name hours apart from their day, below a title, as grid operators and utilities write them."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import openpyxl
import pytest

from derms.models import LoadForecast
from integration.importing.models import ImportRun

from .bringing import applied, checked, counts

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
FALL, SPRING = datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 3, 8, 5, tzinfo=UTC)  # midnight in New York
EAST = "America/New_York"


@pytest.fixture(autouse=True)
def zone() -> None:
    applied("zones", f"zone,name,time_zone\nEAST,East,{EAST}\n")


def forecast() -> dict[datetime, int]:
    return dict(LoadForecast.objects.order_by("hour").values_list("hour", "forecast_kw"))


def from_midnight(midnight: datetime, loads: list[int]) -> dict[datetime, int]:
    return {midnight + n * HOUR: load for n, load in enumerate(loads)}


def reasons(run: ImportRun) -> list[tuple[int, str]]:
    return [(cell.line, cell.reason.partition(".")[0]) for cell in run.refused_cells.order_by("line")]


def test_hours_1_to_24_stand_beside_the_day_and_the_repeated_one_is_marked() -> None:
    """ISO New England's layout: letters for the kinds of lines, a title, names and units, a count at the end."""
    hours = ["01", "02", "02X", *(f"{n:02}" for n in range(3, 25))]
    rows = "".join(f'"D","11/01/2026","{hour}",{n + 1}.5\n' for n, hour in enumerate(hours))
    title = '"C","Hourly Historical System Load Report"\n"C","Filename: HourlySystemDemand"\n'
    names = '"H","Date","Hour Ending","System Load"\n"H","Date","Hour","MW"\n'

    run = applied(
        "load_forecast",
        f'{title}{names}{rows}"T",25\n',
        time_zone=EAST,
        day_order="mdy",
        only_good_rows=True,
    )

    assert forecast() == from_midnight(FALL, [n * 1000 + 500 for n in range(1, 26)])
    assert reasons(run) == [
        (4, "It is no date and time; this file's dates are read as 2026-12-31, 31"),
        (30, "The row has 2 cells; the heading has 4"),
    ]


@pytest.mark.parametrize("wide", [True, False], ids=["a column per hour", "a row per hour"])
def test_hours_that_are_counted_to_25_or_23_are_not_read_by_the_clock(wide: bool) -> None:
    """FERC form 714 has 25 columns; the 25th is empty on other days."""
    days = {"2026-11-01": 25, "2026-03-08": 23, "2026-07-01": 24}
    if wide:
        cells = {day: [str(n) if n <= most else "" for n in range(1, 26)] for day, most in days.items()}
        text = "Date," + ",".join(f"HE{n}" for n in range(1, 26)) + "\n"
        text += "".join(f"{day},{','.join(row)}\n" for day, row in cells.items())
    else:
        text = "Date,HE,MW\n" + "".join(f"{day},{n},{n}\n" for day, most in days.items() for n in range(1, most + 1))

    run = applied("load_forecast", text, time_zone=EAST)

    assert counts(run) == (72, 0, 0, 0)
    wanted = from_midnight(SPRING, [n * 1000 for n in range(1, 24)])
    wanted |= from_midnight(datetime(2026, 7, 1, 4, tzinfo=UTC), [n * 1000 for n in range(1, 25)])
    assert forecast() == wanted | from_midnight(FALL, [n * 1000 for n in range(1, 26)])
    assert counts(checked("load_forecast", text, time_zone=EAST))[0] == 0, "the same file adds nothing"


def test_the_hour_that_clocks_skip_may_be_left_out_and_one_shown_twice_has_to_be_told_apart() -> None:
    spring = "".join(f"2026-03-08,{n},{n}\n" for n in range(1, 25) if n != 3)
    fall = "".join(f"2026-11-01,{n},{n}\n" for n in range(1, 25))

    run = applied("load_forecast", f"Date,Hour Ending,MW\n{spring}{fall}", time_zone=EAST, only_good_rows=True)

    assert reasons(run) == [(26, f"The clocks of {EAST} show this time twice")]
    loads = [1, 2, *range(4, 25)]
    assert {hour: kw for hour, kw in forecast().items() if hour < FALL} == from_midnight(
        SPRING, [load * 1000 for load in loads]
    )
    assert forecast()[FALL + 3 * HOUR] == 3_000, "hour ending 3 begins three hours after midnight"


def test_a_flag_tells_the_repeated_hour_apart_and_zones_have_columns_of_their_own() -> None:
    """ERCOT's actual load by zone."""
    applied("zones", "zone,name,time_zone\nWEST,West,America/Chicago\nNORTH,North,America/Chicago\n")
    text = """OperDay,HourEnding,NORTH,WEST,TOTAL,DSTFlag
11/01/2026,01:00,10,1,11,N
11/01/2026,02:00,20,2,22,N
11/01/2026,02:00,30,3,33,Y
11/01/2026,24:00,40,4,44,N
"""
    run = applied("load_forecast", text, time_zone="America/Chicago", day_order="mdy")

    assert counts(run) == (8, 0, 0, 0)
    north = dict(LoadForecast.objects.filter(zone__code="NORTH").values_list("hour", "forecast_kw"))
    midnight = FALL + HOUR
    assert north == {
        midnight: 10_000, midnight + HOUR: 20_000, midnight + 2 * HOUR: 30_000, midnight + 24 * HOUR: 40_000,
    }  # fmt: skip


def test_a_title_above_and_hours_from_0_to_23_and_a_column_chosen_by_hand() -> None:
    """IESO's hourly demand, which is in Eastern Standard Time all year."""
    title = "\\\\Hourly Demand Report,,,\n\\\\Created at July 1, 2026 at 04:00:00,,,\n\n"
    rows = "".join(f"2026-07-01,{n},{100 + n},{n + 1}\n" for n in range(24))
    run = applied(
        "load_forecast",
        f"{title}Date,Hour,Market Demand,Ontario Demand\n{rows}",
        time_zone="Etc/GMT+5",
        matched={"load_mw": "Ontario Demand"},
    )

    assert counts(run) == (24, 0, 0, 0)
    assert forecast() == from_midnight(datetime(2026, 7, 1, 5, tzinfo=UTC), [n * 1000 for n in range(1, 25)])


def test_a_german_file_has_decimal_commas_below_its_title_and_3a_and_3b_in_october() -> None:
    hours = ["1", "2", "3A", "3B", *map(str, range(4, 25))]
    rows = "".join(f"25.10.2026;{hour};1{n:02},5\n" for n, hour in enumerate(hours))
    text = f"Lastgang Netzgebiet Ost; Stadtwerke Müsterstadt\nErstellt am: 26.10.2026\n\nDatum;Stunde;Last (MW)\n{rows}"

    run = applied("load_forecast", text.encode("cp1252"), time_zone="Europe/Berlin")

    assert counts(run) == (25, 0, 0, 0)
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert forecast() == from_midnight(midnight, [100_500 + n * 1000 for n in range(25)])


def test_a_spreadsheet_has_a_title_and_a_column_for_each_hour() -> None:
    book, out = openpyxl.Workbook(), BytesIO()
    book.active.append(["Hourly load, MW"])
    book.active.append(["Prepared by", "System operations", 2026])
    book.active.append([])
    book.active.append(["Zone", "Date", *(f"Hour {n}" for n in range(1, 25))])
    book.active.append(["EAST", date(2026, 7, 1), *(n + 0.25 for n in range(1, 25))])
    book.save(out)

    assert counts(applied("load_forecast", out.getvalue(), name="load.xlsx", time_zone=EAST)) == (24, 0, 0, 0)

    midnight = datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert forecast() == from_midnight(midnight, [n * 1000 + 250 for n in range(1, 25)])


def test_lines_above_the_table_are_no_rows_of_any_kind() -> None:
    text = "Export of our CIS\nas of 2026-07-01, all regions\n\ncustomer,name\n0007,Ada\n0008,\n"
    run = checked("customers", text)
    assert (counts(run), reasons(run)) == ((1, 0, 0, 1), [(6, "The value is missing")])


def test_a_file_without_a_zone_is_about_the_only_one() -> None:
    applied("load_forecast", "hour,mw\n2026-07-01T04:00Z,5\n")
    assert forecast() == {datetime(2026, 7, 1, 4, tzinfo=UTC): 5_000}
    applied("zones", f"zone,name,time_zone\nWEST,West,{EAST}\n")
    run = checked("load_forecast", "hour,mw\n2026-07-01T04:00Z,5\n")
    assert run.why == "“file.csv” has no column for zone. It has: hour, mw."
