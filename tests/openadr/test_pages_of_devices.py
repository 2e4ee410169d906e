"""Pages of a stage's devices: each begins exactly after those that it skips, however many have left."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lec_sim.models import GrantMark, HeadEndProfile, LecStage, Removal

from .conftest import HOUR, VenClient, published

pytestmark = pytest.mark.django_db
DEVICES = 1203  # three numbered ones
GONE = {*range(1, 40), 499, 500, 501, 777, 1000, 1001, 1203}


def leave(stage: LecStage, head_end: str, numbers: set[int]) -> None:
    fields: dict[str, Any] = {"reason": "opt-out", "answer": "removed", "at": stage.starts_at}
    Removal.objects.bulk_create(
        Removal(stage_uid=stage.stage_uid, head_end=head_end, nic_id=f"N{n:07}", **fields) for n in numbers
    )


@pytest.fixture
def both(ven_of: Callable[..., VenClient]) -> VenClient:
    """A client of two head ends."""
    client = ven_of("HE1")
    HeadEndProfile.objects.create(head_end="HE2", driver="openadr", client=client.account.client_id)
    return client


def test_a_page_begins_after_the_devices_that_it_skips(both: VenClient, now: datetime) -> None:
    stage = published(now, head_ends=("HE1", "HE2"), devices=DEVICES)
    leave(stage, "HE1", GONE)
    leave(stage, "HE2", {1, 2000})  # a device that was never reserved counts for nothing
    assert list(GrantMark.objects.order_by("pk").values_list("number", flat=True)) == [0, 500, 1000] * 2
    there = [("HE1", n) for n in range(1, DEVICES + 1) if n not in GONE] + [("HE2", n) for n in range(2, DEVICES + 1)]
    names = {one["id"]: one["venName"] for one in both.found("vens")}

    for skip in (
        0,
        1,
        39,
        450,
        459,
        460,
        461,
        499,
        500,
        950,
        959,
        len(there) - 1250,
        1154,
        1155,
        1160,
        2000,
        2340,
        9000,
    ):
        page = both.found("resources", skip=skip, targets=f"stage-{stage.stage_uid}")
        found = [(names[one["venID"]], int(one["resourceName"].removeprefix("N"))) for one in page]
        assert found == there[skip : skip + 50], skip


def test_pages_of_several_stages_begin_there_too(ven: VenClient, now: datetime) -> None:
    first, second = published(now, devices=600), published(now, starts_at=now + 3 * HOUR, devices=700)
    leave(first, "HE1", {3, 650})
    leave(second, "HE1", {3, 4, 660})
    there = [n for n in range(1, 701) if n not in (3, 660)]
    for skip in (0, 2, 501, 640, 690, 698):
        page = ven.found("resources", skip=skip)
        assert [int(one["resourceName"].removeprefix("N")) for one in page] == there[skip : skip + 50], skip


def test_a_page_far_from_the_start_reads_few_rows(ven: VenClient, now: datetime) -> None:
    """The plan of the page of devices, with its real values: what it skips is at most what has no number."""
    stage = published(now, devices=20_000)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert len(ven.found("resources", skip=15_123)) == 50
    (query,) = [one["sql"] for one in seen.captured_queries if "array_agg" in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query)
        ((plan,),) = cursor.fetchall()
    assert 173 <= _most_rows(plan[0]["Plan"]) <= 700
    assert stage.reserved == 20_000


def _most_rows(node: Any) -> float:
    rows = node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
    return max([rows, *map(_most_rows, node.get("Plans", []))])
