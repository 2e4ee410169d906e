"""PostgreSQL's own log: no customers' data, and no error for what is refused every day."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from cpm.models.customers import Device
from cpm.models.programs import Program, ProgramType
from cpm.models.unavailability import Unavailability
from cpm.operations import schedule_unavailability
from cpm.operations.unavailability import UnavailabilityNotAllowed
from derms.models import Strategy
from integration.engines.state import State
from integration.seam import sql

pytestmark = pytest.mark.django_db(transaction=True)

TELLING = "dialysis on Tuesdays"
HOUR = timedelta(hours=1)


@pytest.fixture
def logged() -> Callable[[], str]:
    """What this test's session has written to the server's log so far."""
    log = State.of_environment().root / "log" / "postgres.log"
    if not log.exists():
        pytest.skip("the tests run on a server of their own")
    session, begin = f"[{sql.value('SELECT pg_backend_pid()')}]", log.stat().st_size
    return lambda: "\n".join(
        line for line in log.read_bytes()[begin:].decode(errors="replace").splitlines() if session in line
    )


@pytest.fixture
def away(strategy: Strategy, now: datetime) -> Unavailability:
    """A period in which a device is unavailable."""
    ProgramType.objects.update(allow_to_opt_out=True)
    Program.objects.update(allow_customer_unavailability=True)
    device = Device.objects.earliest("pk")
    (period,) = schedule_unavailability(
        device_ids=[device.pk], starts_at=now + HOUR, ends_at=now + 2 * HOUR, reason="Guests", by="cora", now=now
    )
    return period


def test_a_refused_unavailability_is_no_error_of_the_database(
    away: Unavailability, logged: Callable[[], str], now: datetime
) -> None:
    with pytest.raises(UnavailabilityNotAllowed, match="is already unavailable in part of this period"):
        schedule_unavailability(
            device_ids=[away.device_id], starts_at=away.starts_at, ends_at=away.ends_at, reason=TELLING, by="cora",
            now=now,
        )  # fmt: skip

    assert logged() == ""


def test_what_the_database_itself_refuses_is_logged_without_the_row(
    away: Unavailability, logged: Callable[[], str], now: datetime
) -> None:
    again = Unavailability(
        device=away.device,
        starts_at=away.starts_at,
        ends_at=away.ends_at,
        reason=TELLING,
        saved_by="cora",
        saved_at=now,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()

    said = logged()
    assert "unavailability_once_at_a_time" in said
    for private in (TELLING, "STATEMENT", "DETAIL", f"{away.starts_at:%Y-%m-%d %H:%M:%S}+"):
        assert private not in said
