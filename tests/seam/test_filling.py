"""A table filled at once ends with the references and indexes it had, and with rows that meet them."""

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, transaction

from cpm.models import Customer
from integration.seam import filling as module
from integration.seam import sql
from integration.seam.filling import filling

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMERS = """
INSERT INTO cpm_customer (number, name, account, email, phone)
SELECT n, 'Testa ' || n, n, '', '' FROM generate_series(1, 30) n
"""
PLACES = """
INSERT INTO cpm_devicelocation (customer_id, service_point, address, time_zone, zone, substation, feeder, transformer)
SELECT id + %s, id, id || ' Sample Street', 'Europe/Berlin', 'Z', '', 'F', 'T' FROM cpm_customer
"""
TABLES = ("cpm_customer", "cpm_devicelocation")
KEPT = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %(table)s::regclass AND indisvalid
 UNION ALL
SELECT concat(conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated) FROM pg_constraint
 WHERE conrelid = %(table)s::regclass OR confrelid = %(table)s::regclass
"""


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MANY_ROWS", 1)


@pytest.fixture
def somebody() -> Iterator[object]:
    """A session that is reading the customers."""
    other = connection.copy()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cpm_customer")
    yield other
    other.close()


def kept() -> dict[str, list[str]]:
    """The indexes and constraints of each table, and the references to it."""
    return {table: sorted(sql.column(KEPT, {"table": table})) for table in TABLES}


def test_a_filled_table_has_the_indexes_and_references_it_had() -> None:
    before = kept()
    during = _fill(moved_by=0)
    assert all(len(during[table]) < len(before[table]) for table in TABLES)
    assert kept() == before
    assert sql.value("SELECT count(*) FROM cpm_devicelocation") == 30


def test_a_reference_to_nothing_is_refused_by_name_and_nothing_stays() -> None:
    before = kept()
    with pytest.raises(IntegrityError, match="cpm_devicelocation_customer_id"):
        _fill(moved_by=1)
    assert (kept(), Customer.objects.count()) == (before, 0)


def test_rows_need_not_be_looked_for_where_nobody_else_can_add_them() -> None:
    with transaction.atomic(), filling(*TABLES, rows=30) as unless_there:
        assert unless_there == ""
    with transaction.atomic(), filling(*TABLES, rows=0) as unless_there:
        assert unless_there == "ON CONFLICT DO NOTHING"


def test_a_table_that_somebody_reads_keeps_its_indexes_while_rows_are_added(somebody: object) -> None:
    before = kept()
    with transaction.atomic(), filling(*TABLES, rows=30):
        assert kept() == before
        sql.execute(CUSTOMERS)
    assert Customer.objects.count() == 30


def test_a_table_with_rows_keeps_its_indexes_while_rows_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW_ROWS", 29)
    before = kept()
    sql.execute(CUSTOMERS)
    with transaction.atomic(), filling(*TABLES, rows=30):
        assert kept() == before


def _fill(*, moved_by: int) -> dict[str, list[str]]:
    """Fill both tables, with places of the customer `moved_by` rows further on; returns what was kept meanwhile."""
    with transaction.atomic(), filling(*TABLES, rows=30):
        sql.execute(CUSTOMERS)
        sql.execute(PLACES, [moved_by])
        return kept()
