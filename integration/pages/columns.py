"""The columns of a list: one entry sets a column's heading, its cell, its order and its value in files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Generic, TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString

R = TypeVar("R")
Text = str | Promise
Person = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column of a list.

    cell: what a page shows: a function of the row, or the name of a `partialdef` in the columns' template, which gets
        the row as `row`. A column without a cell is only in files.
    value: what a file contains, as a function of the row; a column without a value is only on pages. `file_label` is
        the heading in files, if it differs, for example by a unit.
    sort: the order that a first click on the heading requests, with a leading "-" for descending; a second click
        reverses it. `order_by` is the field, if its name differs.
    css: classes of the heading and of each cell; "num" aligns numbers.
    phone: the cell's place on a narrow page, or a function of the row: "label" (its own line, which starts with the
        heading), "" (its own line), "title", "side", "start", "end", "name", "off" (left out), "wide" (left out
        first), "empty" (left out only on phones); several are separated by spaces. `phone_label` is the heading of
        that line, if it is shorter.
    heading: the name of a `partialdef` that is rendered instead of the label. `is_unseen` shows the label only to
        screen readers.
    permission: the permission to see the column, on pages and in files; if empty, everybody sees it.
    """

    label: Text
    cell: Callable[[R], object] | str = ""
    _: KW_ONLY
    value: Callable[[R], object] | None = None
    file_label: Text = ""
    sort: str = ""
    order_by: str = ""
    css: str = ""
    phone: Callable[[R], str] | str = "label"
    phone_label: Text = ""
    heading: str = ""
    is_unseen: bool = False
    permission: str = ""

    def next_order(self, sort: str) -> str:
        """The order that a click requests while the list is sorted by `sort`."""
        if sort != self.sort:
            return self.sort
        return sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"

    def sorted_now(self, sort: str) -> str:
        """The value of aria-sort if `sort` orders the list by this column, else empty."""
        if not self.sort or sort.lstrip("-") != self.sort.lstrip("-"):
            return ""
        return "descending" if sort.startswith("-") else "ascending"


class Columns(Generic[R]):
    """The columns of a list, in the order of pages and files, and the template with the fragments that they name."""

    def __init__(self, template: str, *columns: Column[R]) -> None:
        self.template = template
        self.columns = columns

    def on_page(self, person: Person) -> list[Column[R]]:
        return [column for column in self._seen_by(person) if column.cell]

    def in_file(self, person: Person) -> Sequence[Column[R]]:
        return [column for column in self._seen_by(person) if column.value]

    def sort_fields(self) -> dict[str, str]:
        """The field behind each order that the list supports."""
        keys = {column.sort.lstrip("-"): column.order_by for column in self.columns if column.sort}
        return {key: field or key for key, field in keys.items()}

    def keyset_order(self, sort: str, *, default: str) -> tuple[str, str]:
        """The fields to sort a page by: the column's and the id, in the same direction."""
        fields = self.sort_fields()
        order = sort if sort.lstrip("-") in fields else default
        sign = "-" if order.startswith("-") else ""
        return f"{sign}{fields[order.lstrip('-')]}", f"{sign}id"

    def _seen_by(self, person: Any) -> Iterator[Column[R]]:
        return (column for column in self.columns if not column.permission or person.has_perm(column.permission))


def link(url: str, text: object) -> SafeString:
    """A cell that links to a page."""
    return format_html('<a href="{}">{}</a>', url, text)


def noted(text: object, note: object) -> SafeString:
    """A cell with a small second line."""
    return format_html('{}<small class="note">{}</small>', text, note)
