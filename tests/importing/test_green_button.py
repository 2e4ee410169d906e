"""Green Button files: their readings become days of meters, and what is no energy of an interval is refused by row."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cpm.choices import Quality
from cpm.queries.meters import meter_readings
from integration.importing.models import RefusedCell
from integration.importing.refusals import FileRefused
from tests.cpm.test_meter_days import at, meter, place
from tests.importing.bringing import applied, checked
from tests.importing.green_button import Channel, Reading, faults_of, feed

pytestmark = pytest.mark.django_db
QUARTER = timedelta(minutes=15)
NIGHT = datetime(2026, 11, 1, 4, tzinfo=UTC)  # midnight in New York; the day has 25 hours
DAY = NIGHT.date()


def quarters(start: datetime, values: list[int], quality: tuple[int, ...] = ()) -> list[Reading]:
    return [Reading(start + n * QUARTER, value, quality) for n, value in enumerate(values)]


def reasons(run: object) -> list[tuple[str, str, str]]:
    return list(RefusedCell.objects.filter(run=run).order_by("line").values_list("column", "value", "reason"))


def test_a_night_of_changed_clocks_has_all_its_quarters_in_utc() -> None:
    one = meter("M1")
    data = feed(Channel("M1", quarters(NIGHT, list(range(100)))))
    assert faults_of(data) == []

    applied("meter_readings", data, name="usage.xml")

    read = meter_readings([one.pk], NIGHT, NIGHT + 25 * timedelta(hours=1), interval_s=900)
    assert (read.kwh[0] * 1000).round().tolist() == list(range(100))
    assert set(read.quality[0]) == {Quality.GOOD}


@pytest.mark.parametrize(("power", "value", "kwh"), [(0, 250, 0.25), (3, 2, 2.0), (-3, 250_000, 0.25), (6, 0, 0.0)])
def test_powers_of_ten_are_reckoned_with(power: int, value: int, kwh: float) -> None:
    one = meter("M1")
    data = feed(Channel("M1", quarters(NIGHT, [value]), {"powerOfTenMultiplier": power}))
    assert faults_of(data) == []
    applied("meter_readings", data, name="usage.xml")
    assert meter_readings([one.pk], NIGHT, NIGHT + QUARTER, interval_s=900).kwh.tolist() == [[pytest.approx(kwh)]]


def test_what_is_given_is_a_register_of_its_own_net_is_signed_and_mean_power_becomes_energy() -> None:
    sun, net, demand = (
        meter("M1", registers="both"),
        meter("N1", at=place("2"), registers="net"),
        meter("D1", at=place("3")),
    )
    data = feed(
        Channel("M1", quarters(NIGHT, [200])),
        Channel("M1", quarters(NIGHT, [500]), {"flowDirection": 19}),
        Channel("N1", quarters(NIGHT, [-300]), {"flowDirection": 4}),
        Channel("D1", quarters(NIGHT, [2]), {"uom": 38, "dataQualifier": 2, "kind": 37, "powerOfTenMultiplier": 3}),
    )
    assert faults_of(data) == []
    applied("meter_readings", data, name="usage.xml")
    read = meter_readings([sun.pk, net.pk, demand.pk], NIGHT, NIGHT + QUARTER, interval_s=900).kwh[:, 0]
    assert read.tolist() == pytest.approx([-0.3, -0.3, 0.5])


def test_gaps_stay_gaps_and_the_worst_quality_of_a_reading_counts() -> None:
    one = meter("M1")
    readings = [
        *quarters(NIGHT, [1, 2]),
        *quarters(NIGHT + 4 * QUARTER, [5], (0, 8)),
        *quarters(NIGHT + 5 * QUARTER, [6], (10,)),
    ]
    data = feed(Channel("M1", readings, {"defaultQuality": 17}))
    assert faults_of(data) == []
    applied("meter_readings", data, name="usage.xml")
    read = meter_readings([one.pk], NIGHT, NIGHT + 6 * QUARTER, interval_s=900)
    missing, good = Quality.MISSING, Quality.GOOD
    assert read.quality[0].tolist() == [good, good, missing, missing, Quality.ESTIMATED, Quality.QUESTIONABLE]
    assert np.isnan(read.kwh[0, 2:4]).all()


def test_entries_may_come_in_any_order_and_a_title_names_the_meter() -> None:
    one = meter("77-001")
    data = feed(Channel("abc", quarters(NIGHT, [10]), title="77-001"), reverse=True)
    applied("meter_readings", data, name="usage.xml")
    assert meter_readings([one.pk], NIGHT, NIGHT + QUARTER, interval_s=900).kwh.tolist() == [[pytest.approx(0.01)]]


def test_the_usage_points_id_can_be_matched_as_the_meter_by_hand() -> None:
    one = meter("abc")
    data = feed(Channel("abc", quarters(NIGHT, [10]), title="1 Sample Street"))
    run = checked("meter_readings", data, name="usage.xml", matched={"meter": "usage_point"})
    assert (run.added, run.refused) == (1, 0)
    assert one.number == "abc"


def test_gas_registers_and_unknown_meters_are_refused_by_row_with_what_they_are() -> None:
    meter("M1")
    data = feed(
        Channel("M1", quarters(NIGHT, [1]), {"commodity": 7, "uom": 119}),
        Channel("M1", quarters(NIGHT + QUARTER, [1]), {"accumulationBehaviour": 3}),
        Channel("M1", quarters(NIGHT + 2 * QUARTER, [1]), {"flowDirection": 20}),
        Channel("M1", quarters(NIGHT, [1]), seconds=86_400),
        Channel("M2", quarters(NIGHT, [1])),
    )
    assert faults_of(data) == []
    run = checked("meter_readings", data, name="usage.xml")
    told = reasons(run)
    assert (run.added, run.refused) == (0, 5)
    assert [(column, value) for column, value, _reason in told] == [
        ("unit", "uom 119, commodity 7, accumulationBehaviour 4"),
        ("unit", "uom 72, commodity 1, accumulationBehaviour 3"),
        ("register", "flowDirection 20"),
        ("interval", "1440"),
        ("meter", "M2"),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<?xml version='1.0'?><html/>", "it is XML, but no Green Button file"),
        (feed(Channel("M1", quarters(NIGHT, [1])))[:-30], "can't be read"),
        (
            b'<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a "b">]>'
            b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi">&a;</feed>',
            "can't be read",
        ),
        (
            feed(*[Channel("M1", quarters(NIGHT, [1]))] * 2).replace(b"resource/ReadingType", b"resource/Other", 1),
            "links to no ReadingType",
        ),
    ],
)
def test_what_is_no_green_button_file_is_refused_whole(data: bytes, said: str) -> None:
    meter("M1")
    with pytest.raises(FileRefused, match=said):
        checked("meter_readings", data, name="usage.xml")


def test_a_day_by_a_second_file_is_a_correction_of_what_it_has() -> None:
    one = meter("M1")
    applied("meter_readings", feed(Channel("M1", quarters(NIGHT, [10, 20]))), name="a.xml")
    run = applied("meter_readings", feed(Channel("M1", quarters(NIGHT, [15]))), name="b.xml")
    assert (run.added, run.changed) == (0, 1)
    read = meter_readings([one.pk], NIGHT, NIGHT + 2 * QUARTER, interval_s=900).kwh[0]
    assert read.tolist() == pytest.approx([0.015, 0.02])
    assert at(4, DAY) == NIGHT
