"""Months of readings that are put away: read like the others, sealed, and refused to corrections."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.test import Client

from cpm.choices import Quality
from cpm.models import MeterArchive, MeterDay
from cpm.operations import put_away_meter_days
from cpm.queries.meter_archive import ArchiveBroken, _require_sealed
from cpm.queries.meters import meter_readings
from integration.console.models import User
from integration.importing.models import RefusedCell
from integration.seam import sql
from integration.seam.extract_files import remove_unnamed
from tests.cpm.test_meter_days import SLOTS, at, meter, place, save
from tests.importing.bringing import checked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("extract_folder")]
LAST_OF_MONTH, NEXT = date(2026, 6, 30), date(2026, 7, 1)
NOW = datetime(2026, 11, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def unread() -> None:
    _require_sealed.cache_clear()


def test_readings_across_the_border_are_the_same_before_and_after_their_month_is_put_away() -> None:
    one, other, sun = meter("M1"), meter("M2", at=place("2")), meter("M3", at=place("3"), registers="both")
    values = np.arange(SLOTS, dtype=float)
    values[3] = np.nan
    save(one, values, day=LAST_OF_MONTH, quality=Quality.ESTIMATED)
    sql.execute("UPDATE cpm_meterday SET loaded_at = now() - interval '1 hour'")
    before = datetime.now(UTC) - timedelta(minutes=30)
    save(one, values * 2, day=LAST_OF_MONTH)
    save(one, [7.0] * SLOTS, day=NEXT)
    save(other, [0.0625] * SLOTS, day=LAST_OF_MONTH - timedelta(days=3))
    for reverse in (False, True):
        save(sun, [50.0 + 40 * reverse] * SLOTS, day=LAST_OF_MONTH, reverse=reverse)

    def read(as_of: datetime | None = None) -> list[object]:
        meters = [sun.pk, other.pk, one.pk]
        found = meter_readings(meters, at(-80, NEXT), at(12, NEXT), interval_s=900, as_of=as_of)
        return [np.nan_to_num(found.kwh, nan=-9).tolist(), found.quality.tolist()]

    shown, known = read(), read(before)
    assert shown != known
    put_away_meter_days(now=NOW)

    archive = MeterArchive.objects.get()
    assert (archive.month, archive.rows) == (date(2026, 6, 1), 5)
    assert list(MeterDay.objects.values_list("day", flat=True)) == [NEXT], "the next month stays in the table"
    assert (read(), read(before)) == (shown, known)
    assert remove_unnamed(now=NOW + timedelta(days=1)) == 0, "a row names the file"


def test_a_month_stays_until_all_of_it_is_old_enough_and_one_is_put_away_at_a_time(settings: object) -> None:
    one = meter()
    for day in (date(2026, 5, 1), LAST_OF_MONTH):
        save(one, [1.0] * SLOTS, day=day)
    put_away_meter_days(now=datetime(2026, 9, 28, 23, tzinfo=UTC))
    assert MeterArchive.objects.count() == 0, "120 days after 31 May is 28 September"
    put_away_meter_days(now=datetime(2026, 9, 29, tzinfo=UTC))
    assert [str(one) for one in MeterArchive.objects.all()] == ["2026-05"]
    put_away_meter_days(now=NOW)
    put_away_meter_days(now=NOW)
    assert MeterArchive.objects.count() == 2


def test_a_file_that_is_not_the_one_that_was_put_away_is_not_read(extract_folder: Path) -> None:
    one = meter()
    save(one, [1.0] * SLOTS, day=LAST_OF_MONTH)
    put_away_meter_days(now=NOW)
    path = extract_folder / MeterArchive.objects.get().file
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ArchiveBroken, match="not the one that was put away"):
        meter_readings([one.pk], at(0, LAST_OF_MONTH), at(1, LAST_OF_MONTH), interval_s=900)
    path.unlink()
    with pytest.raises(ArchiveBroken, match="is gone"):
        meter_readings([one.pk], at(0, LAST_OF_MONTH), at(1, LAST_OF_MONTH), interval_s=900)


def test_readings_of_such_a_month_are_refused_by_row_and_its_days_are_still_on_the_meters_page(
    client: Client, csr: User
) -> None:
    save(meter(), [500.0] * SLOTS, day=LAST_OF_MONTH)
    put_away_meter_days(now=NOW)
    rows = "meter,starts_at,kwh\nM1,2026-06-30T10:00Z,1\nM1,2026-07-01T10:00Z,1\n"
    run = checked("meter_readings", rows)
    assert (run.added, run.refused) == (1, 1)
    (refused,) = RefusedCell.objects.filter(run=run)
    assert (refused.line, refused.reason.startswith("The readings of this month are put away")) == (2, True)

    client.force_login(csr)
    page = client.get("/meters/M1/?until=2026-07-01&day=2026-06-30").content.decode()
    assert "48.0" in page
    assert 'data-value="2.00"' in page
