"""A list's columns: headings, cells, orders and files from one declaration."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.template.loader import get_template
from django.test import RequestFactory

import cpm.columns
import derms.columns
import integration.console.columns
import integration.pages.limit_uses
import lec_sim.columns
from integration.pages.columns import Column, Columns, noted
from integration.pages.exports import listing
from tests.pages.html import squeezed

MODULES = (derms.columns, cpm.columns, lec_sim.columns, integration.console.columns, integration.pages.limit_uses)
DECLARED = [columns for module in MODULES for columns in vars(module).values() if isinstance(columns, Columns)] + [
    cpm.columns.participation_columns(sees_customers=True)
]


class Row(NamedTuple):
    pk: int
    name: str
    power: int | None
    at: datetime = datetime(2026, 7, 1, tzinfo=UTC)


class Person(AnonymousUser):
    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return perm in self.permissions


COLUMNS = Columns[Row](
    "partials/empty.html",
    Column("Name", lambda row: row.name, value=lambda row: row.name, sort="name", phone="title"),
    Column(
        "Power", lambda row: row.power, value=lambda row: row.power, file_label="Power (W)", css="num", sort="-power"
    ),
    Column("At", value=lambda row: row.at, sort="at", order_by="seen_at"),
    Column("Secret", lambda row: "hush", value=lambda row: "hush", permission="some.secret"),
    Column("Note", lambda row: noted(row.name, "<b>"), phone=lambda row: "" if row.power else "empty"),
    Column("Off", lambda row: 1, phone="off wide", phone_label="O", is_unseen=True),
)
ROWS = [Row(1, "<A>", 1500), Row(2, "B", None)]


def drawn(person: Any, **given: Any) -> str:
    request = RequestFactory().get("/", {"page": 2})
    template = engines["django"].from_string('{% include "partials/table.html" %}')
    return squeezed(template.render({"columns": COLUMNS, "rows": ROWS, "user": person, **given}, request))


def test_a_page_shows_the_columns_that_have_a_cell_and_escapes_them() -> None:
    page = drawn(Person())

    assert page.count("</th>") == 4
    assert '<td class="cell-title">&lt;A&gt;</td>' in page
    assert '<td class="num" data-label="Power">—</td>' in page
    assert '<small class="note">&lt;b&gt;</small>' in page
    assert '<td class="cell-empty">B' in page
    assert '<th class="cell-off cell-wide"' in page
    assert "hush" not in page


def test_who_has_the_permission_sees_the_column_on_pages_and_in_files() -> None:
    person = Person("some.secret")

    assert "hush" in drawn(person)
    assert "Secret" in listing("list", COLUMNS.in_file(person), lambda last: [], lambda most: 0).header


def test_a_file_holds_the_columns_that_have_a_value() -> None:
    file = listing("list", COLUMNS.in_file(Person()), lambda last: [], lambda most: 0)

    assert file.header == ["Name", "Power (W)", "At"]
    assert file.cells(ROWS[1]) == ["B", None, ROWS[1].at]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", {"Name": ("", "name"), "Power": ("", "-power")}),
        ("name", {"Name": ("ascending", "-name"), "Power": ("", "-power")}),
        ("-name", {"Name": ("descending", "name"), "Power": ("", "-power")}),
        ("-power", {"Name": ("", "name"), "Power": ("descending", "power")}),
    ],
)
def test_a_heading_asks_for_its_order_and_then_for_the_other_way_round(
    sort: str, expected: dict[str, tuple[str, str]]
) -> None:
    found = {str(c.label): (c.sorted_now(sort), c.next_order(sort)) for c in COLUMNS.columns if c.label in expected}

    assert found == expected
    assert 'href="?sort=name"' in drawn(Person()) or sort


def test_the_heading_shows_how_the_list_is_sorted() -> None:
    page = drawn(Person(), sort="-power")

    assert '<th class="num" aria-sort="descending">' in page
    assert 'href="?sort=power"' in page


def test_a_list_is_paged_in_the_order_of_its_column_or_of_the_default() -> None:
    assert COLUMNS.sort_fields() == {"name": "name", "power": "power", "at": "seen_at"}
    assert COLUMNS.keyset_order("-at", default="name") == ("-seen_at", "-id")
    assert COLUMNS.keyset_order("nonsense", default="name") == ("name", "id")


@pytest.mark.parametrize("columns", DECLARED, ids=lambda columns: f"{columns.template}:{columns.columns[0].label}")
def test_every_fragment_a_column_names_is_in_its_template(columns: Columns[Any]) -> None:
    named = [name for column in columns.columns for name in (column.cell, column.heading) if isinstance(name, str)]

    for name in filter(None, named):
        get_template(f"{columns.template}#{name}")


@pytest.mark.parametrize("columns", DECLARED, ids=lambda columns: f"{columns.template}:{columns.columns[0].label}")
def test_every_column_is_on_a_page_or_in_a_file(columns: Columns[Any]) -> None:
    assert [column.label for column in columns.columns if not (column.cell or column.value)] == []
