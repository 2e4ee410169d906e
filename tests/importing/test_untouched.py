"""Files of many rows are not compared again if nothing was written since their dry run; else they are."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cpm.models import Customer
from integration.importing import digests, operations, untouched
from integration.importing.forgetting import forget_files
from integration.importing.kinds import KINDS, kind_of
from integration.importing.models import ImportRun
from integration.seam import clock, sql
from tests.processes import eventually

from .bringing import BY, applied, apply, checked

pytestmark = pytest.mark.django_db(transaction=True)

FILE = "customer,name\n1,Testa\n2,Probst\n3,Mustera\n"


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MANY_ROWS", 1)


def test_nothing_was_written_since_the_dry_run() -> None:
    applied("customers", FILE)
    written = sql.value("SELECT max(xmin::text::bigint) FROM cpm_customer")
    # While a transaction of any database is as old as the rows, they count as just written.
    assert eventually(lambda: sql.value(untouched._OLDEST_WRITER) > written, 60)
    run = checked("customers", FILE.replace("Probst", "Probe"))
    assert untouched.is_untouched(run, kind_of("customers"))

    assert apply(run).state == "Applied"
    assert Customer.objects.get(number="2").name == "Probe"


WRITES: dict[str, Callable[[], object]] = {
    "the row that would be changed": lambda: Customer.objects.filter(number="2").update(name="Other"),
    "a row that would stay": lambda: Customer.objects.filter(number="1").update(name="Other"),
    "a row that is gone": lambda: Customer.objects.filter(number="3").delete(),
    "a row that the file adds": lambda: Customer.objects.create(number="4", name="Soon", account="4"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_what_was_written_since_is_shown_and_nothing_applied(write: Callable[[], object]) -> None:
    applied("customers", FILE)
    run = checked("customers", f"{FILE.replace('Probst', 'Probe')}4,Platz\n")
    write()
    there = list(Customer.objects.order_by("pk").values_list("number", "name"))
    assert not untouched.is_untouched(ImportRun.objects.get(pk=run.pk), kind_of("customers"))

    run = apply(run)

    assert (run.state, len(run.conflicts)) == ("Refused", 1)
    assert list(Customer.objects.order_by("pk").values_list("number", "name")) == there


def test_the_digest_of_many_rows_is_made_beside_and_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for most in (10, 1):
        monkeypatch.setattr(digests, "MANY_ROWS", most)
        Customer.objects.all().delete()
        found.append(applied("customers", FILE).records.get().changes_sha256)
    # A row that is there makes a table of what is else a view of the file's rows.
    Customer.objects.exclude(number="1").delete()
    Customer.objects.filter(number="1").update(number="9", account="9")
    found.append(applied("customers", FILE).records.get().changes_sha256)

    assert len(found[0]) == 64
    assert set(found) == {found[0]}


def test_a_file_is_read_again_and_forgotten_whatever_it_was_compared_with() -> None:
    run = checked("customers", FILE)
    assert run.added == 3
    operations.check_file(uid=run.uid, by_hand={}, layout={}, by=BY, now=clock.now())
    applied("customers", "customer,name\n1,Other\n")
    operations.check_run(run.pk, now=clock.now())
    run.refresh_from_db()
    assert (run.added, run.changed) == (2, 1)

    assert forget_files(now=clock.now() + timedelta(days=8)) == 2
    assert (
        sql.column("SELECT relname::text FROM pg_class WHERE relname LIKE 'importing_%%ed_%%' AND relkind = 'v'") == []
    )


def test_every_kind_names_the_tables_that_its_files_are_compared_with() -> None:
    assert kind_of("devices").tables == [
        "cpm_device",
        "cpm_devicelocation",
        "cpm_headend",
        "cpm_subscribeddevice",
        "cpm_subscription",
    ]
    assert all(kind_of(name).tables for name in KINDS)
