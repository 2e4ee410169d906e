"""The orders of Event Participation: of program events, and of the rows of one program event."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from cpm.models.program_events import ProgramEvent
from integration.pages.numbers import whole
from integration.seam.sql import Sql, compose

NEWEST_FIRST = "-pk"
# The field of program events that they are ordered by; their rows then follow by device.
EVENT_ORDERS = {"pk": "pk", "program": "program__code", "window": "starts_at"}
_CUSTOMERS = """
  JOIN cpm_device of_row ON of_row.id = p.device_id
  JOIN cpm_devicelocation place ON place.id = of_row.location_id
  JOIN cpm_customer c ON c.id = place.customer_id"""
_BEYOND = "AND {value} {from_on} %(after_value)s AND ({value} {beyond} %(after_value)s OR {rest})"


class RowOrder(NamedTuple):
    """An order of rows by a value, rows without it last, and by device.

    `read` returns the value that a text in an address stands for, None if for none.
    """

    value: Sql
    read: Callable[[str], Any]
    joined: Sql = compose("")


class Direction(NamedTuple):
    """The words of SQL for an order upwards or downwards."""

    beyond: Sql
    from_on: Sql
    word: Sql


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _text(text: str) -> str | None:
    return text if text.isprintable() else None


ROW_ORDERS = {
    "customer": RowOrder(compose("c.number"), _text, compose(_CUSTOMERS)),
    "outcome": RowOrder(compose("o.code"), _text),
    "actual": RowOrder(compose("o.started_at"), _moment),
    "expected": RowOrder(compose("p.expected_w"), whole),
    "reduction": RowOrder(compose("o.reduction_w"), whole),
}
_UP = Direction(compose(">"), compose(">="), compose("ASC"))
_DOWN = Direction(compose("<"), compose("<="), compose("DESC"))


def row_order(sort: str) -> RowOrder | None:
    """The order of rows with this name, with or without "-"; None if it is one of program events."""
    return ROW_ORDERS.get(sort.removeprefix("-"))


def direction(sort: str) -> Direction:
    return _DOWN if sort.startswith("-") else _UP


def in_order(events: QuerySet[ProgramEvent], sort: str, after: int | None = None) -> QuerySet[ProgramEvent]:
    """These program events in an order of program events; only those after one of them, if it is given."""
    sign, beyond = ("-", "lt") if sort.startswith("-") else ("", "gt")
    name = EVENT_ORDERS[sort.removeprefix("-")]
    found = events.order_by(f"{sign}{name}", f"{sign}pk")
    if after is None:
        return found
    value = ProgramEvent.objects.filter(pk=after).values_list(name, flat=True).first()
    return found.filter(Q(**{f"{name}__{beyond}": value}) | Q(**{name: value, f"pk__{beyond}": after}))


def with_value(order: RowOrder, words: Direction, *, is_after: bool) -> Sql:
    """The condition that a row has the value, and one after another row's, if there is such a row."""
    has_value = compose("AND {value} IS NOT NULL", value=order.value)
    if not is_after:
        return has_value
    rest = compose("p.device_id {beyond} %(after_row)s", beyond=words.beyond)
    return compose(_BEYOND, value=order.value, from_on=words.from_on, beyond=words.beyond, rest=rest)


def without_value(order: RowOrder, words: Direction, *, is_after: bool) -> Sql:
    """The condition that a row lacks the value, and comes after another one that lacks it, if there is such a row."""
    lacks = compose("AND {value} IS NULL", value=order.value)
    if not is_after:
        return lacks
    return compose("{lacks} AND p.device_id {beyond} %(after_row)s", lacks=lacks, beyond=words.beyond)
