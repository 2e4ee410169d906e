"""Metered load in the layouts that big grid operators publish it in."""

from datetime import UTC, datetime

import pytest

from derms.models import LoadForecast, MeteredLoad

from .bringing import applied, checked, counts

pytestmark = pytest.mark.django_db(transaction=True)

PJM = """datetime_beginning_utc,datetime_beginning_ept,nerc_region,mkt_region,zone,load_area,mw,is_verified
1/2/2026 5:00:00 AM,1/2/2026 12:00:00 AM,RFC,MIDATL,AE,AECO,"1012.5",TRUE
1/2/2026 5:00:00 PM,1/2/2026 12:00:00 PM,RFC,MIDATL,AE,AECO,1100.125,TRUE
"""
ERCOT = """Hour Ending,COAST,EAST,ERCOT
01/02/2026 01:00,11000.5,1500.25,12500.75
01/02/2026 24:00,12000,1600,13600
"""
NYISO = """"Time Stamp","Time Zone","Name","PTID","Integrated Load"
"11/01/2026 01:00:00","EDT","CAPITL",61757,1200.5
"11/01/2026 01:00:00","EST","CAPITL",61757,1190.25
"""
CAISO = """INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,LOAD_TYPE,OPR_DT,OPR_HR,OPR_INTERVAL,MARKET_RUN_ID,TAC_AREA_NAME,LABEL,XML_DATA_ITEM,POS,MW,EXECUTION_TYPE,GROUP
2026-03-08T10:00:00-00:00,2026-03-08T11:00:00-00:00,0,2026-03-08,3,0,ACTUAL,PGE-TAC,Total Actual Hourly Integrated Load,SYS_FCST_ACT_MW,3.8,9876.25,ACTUAL,1
2026-03-08T09:00:00-00:00,2026-03-08T10:00:00-00:00,0,2026-03-08,2,0,ACTUAL,PGE-TAC,Total Actual Hourly Integrated Load,SYS_FCST_ACT_MW,3.8,9900,ACTUAL,1
2026-03-08T09:00:00-00:00,2026-03-08T10:00:00-00:00,0,2026-03-08,2,0,ACTUAL,CA ISO-TAC,Total Actual Hourly Integrated Load,SYS_FCST_ACT_MW,3.8,21000,ACTUAL,1
"""  # noqa: E501  (the operator's lines)


def forecast(*rows: tuple[str, str]) -> None:
    """Forecasts of the hours that load is metered of."""
    zones = {zone: f"{zone},{zone},America/New_York\n" for zone, _hour in rows}
    applied("zones", "zone,name,time_zone\n" + "".join(zones.values()))
    hours = "".join(f"{zone},{hour},1300\n" for zone, hour in rows)
    LoadForecast.objects.all().delete()
    applied("load_forecast", f"zone,hour,load_mw\n{hours}", time_zone="UTC")


def metered() -> dict[tuple[str, datetime], int | None]:
    hours = LoadForecast.objects.filter(metered_kw__isnull=False)
    return {(hour.zone.code, hour.hour): hour.metered_kw for hour in hours.select_related("zone")}


def test_pjm_names_hours_by_their_start_in_utc_with_months_first() -> None:
    forecast(("AE", "2026-01-02T05:00Z"), ("AE", "2026-01-02T17:00Z"))

    assert counts(applied("metered_load", PJM)) == (2, 0, 0, 0)

    day = datetime(2026, 1, 2, tzinfo=UTC)
    assert metered() == {("AE", day.replace(hour=5)): 1_012_500, ("AE", day.replace(hour=17)): 1_100_125}


def test_load_of_hours_that_nobody_forecast_is_kept_for_gridcall_to_learn_from() -> None:
    applied("zones", "zone,name,time_zone\nAE,AE,America/New_York\n")

    assert counts(applied("metered_load", PJM)) == (2, 0, 0, 0)

    assert metered() == {}
    kept = MeteredLoad.objects.order_by("starts_at").values_list("load_kw", "length_s")
    assert list(kept) == [(1_012_500, 3600), (1_100_125, 3600)]
    assert counts(checked("metered_load", PJM)) == (0, 0, 2, 0)


def test_ercot_names_hours_by_their_end_and_has_a_column_for_each_zone() -> None:
    hours = ("2026-01-02T06:00Z", "2026-01-03T05:00Z")
    forecast(*((zone, hour) for zone in ("COAST", "EAST") for hour in hours))

    run = applied("metered_load", ERCOT, time_zone="America/Chicago")

    assert counts(run) == (4, 0, 0, 0), "the sum of all zones is no zone, and left out"
    first, last = datetime(2026, 1, 2, 6, tzinfo=UTC), datetime(2026, 1, 3, 5, tzinfo=UTC)
    assert metered() == {
        ("COAST", first): 11_000_500,
        ("COAST", last): 12_000_000,
        ("EAST", first): 1_500_250,
        ("EAST", last): 1_600_000,
    }
    assert counts(checked("metered_load", ERCOT, time_zone="America/Chicago")) == (0, 0, 4, 0)


def test_nyiso_says_beside_the_hour_that_the_clocks_show_twice_which_one_it_is() -> None:
    forecast(("CAPITL", "2026-11-01T05:00Z"), ("CAPITL", "2026-11-01T06:00Z"))

    assert counts(applied("metered_load", NYISO)) == (2, 0, 0, 0)

    first, second = datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert metered() == {("CAPITL", first): 1_200_500, ("CAPITL", second): 1_190_250}


def test_caiso_names_hours_by_their_start_in_utc_and_the_sum_of_its_areas_is_no_zone() -> None:
    """Pacific clocks skip an hour between the two."""
    forecast(("PGE-TAC", "2026-03-08T09:00Z"), ("PGE-TAC", "2026-03-08T10:00Z"))

    run = applied("metered_load", CAISO, only_good_rows=True)

    assert counts(run) == (2, 0, 0, 1)
    assert run.refused_cells.get().reason == "There is no control zone “CA ISO-TAC”. Near it: PGE-TAC."
    day = datetime(2026, 3, 8, tzinfo=UTC)
    assert metered() == {("PGE-TAC", day.replace(hour=9)): 9_900_000, ("PGE-TAC", day.replace(hour=10)): 9_876_250}
    assert counts(checked("metered_load", CAISO)) == (0, 0, 2, 1)


def test_a_forecast_of_caiso_has_the_columns_of_its_metered_load() -> None:
    applied("zones", "zone,name,time_zone\nPGE-TAC,Pacific Gas,America/Los_Angeles\n")
    ahead = CAISO.replace("2026-03", "2036-03").replace("ACTUAL", "DAM").replace("CA ISO-TAC", "OTHER")

    assert counts(applied("load_forecast", ahead, only_good_rows=True)) == (2, 0, 0, 1)

    hour = LoadForecast.objects.get(hour=datetime(2036, 3, 8, 10, tzinfo=UTC))
    assert hour.forecast_kw == 9_876_250


@pytest.mark.parametrize("time", ["13:00:00 PM", "0:30 AM", "24:01", "25:00"])
def test_a_time_that_no_clock_shows_is_refused(time: str) -> None:
    forecast(("AE", "2026-01-02T05:00Z"))

    run = checked("metered_load", f"zone,hour,mw\nAE,2026-01-02 {time},1\n")

    assert run.refused_cells.get().reason.startswith("It is no date and time")
