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
_DEVICE = compose("p.device_id")
_BEYOND = """AND {value} {from_on} %(after_value)s
   AND ({value} {beyond} %(after_value)s OR {device} {beyond} %(after_row)s)"""
# The first rows are found in one table before anything is joined to them.
_FIRST = """AND p.device_id = ANY(ARRAY(
        SELECT {device} FROM {table} WHERE {condition} {beyond} ORDER BY {order} LIMIT %(limit)s))"""


class Table(NamedTuple):
    """A table with the value of an order: the name of its devices, and the filters that it answers alone, as SQL."""

    table: Sql
    device: Sql
    filters: frozenset[str]
    condition: Sql


class RowOrder(NamedTuple):
    """An order of rows by a value, rows without it last, and by device.

    `read` returns the value that a text in an address means, None if none. `table` is the one that alone has the value.
    """

    value: Sql
    read: Callable[[str], Any]
    table: Table | None = None
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


_OUTCOMES = Table(
    compose("cpm_outcome o"),
    compose("o.device_id"),
    frozenset({"outcome"}),
    compose("o.program_event_id IN %(program_events)s AND (%(outcome)s IS NULL OR o.code = %(outcome)s)"),
)
_PARTICIPATIONS = Table(
    compose("cpm_participation p"),
    compose("p.device_id"),
    frozenset({"flag"}),
    compose(
        "p.program_event_id IN %(program_events)s AND (%(flag)s::boolean IS NULL OR p.reservation_flag = %(flag)s)"
    ),
)
ROW_ORDERS = {
    "customer": RowOrder(compose("c.number"), _text, joined=compose(_CUSTOMERS)),
    "outcome": RowOrder(compose("o.code"), _text, _OUTCOMES),
    "actual": RowOrder(compose("o.started_at"), _moment, _OUTCOMES),
    "expected": RowOrder(compose("p.expected_w"), whole, _PARTICIPATIONS),
    "reduction": RowOrder(compose("o.reduction_w"), whole, _OUTCOMES),
}
_UP = Direction(compose(">"), compose(">="), compose("ASC"))
_DOWN = Direction(compose("<"), compose("<="), compose("DESC"))


def row_order(sort: str) -> RowOrder | None:
    """The order of rows with this name, with or without "-"; None if it is one of program events."""
    return ROW_ORDERS.get(sort.removeprefix("-"))


def direction(sort: str) -> Direction:
    return _DOWN if sort.startswith("-") else _UP


def in_order(events: QuerySet[ProgramEvent], sort: str, after: int | None = None) -> QuerySet[ProgramEvent]:
    """These program events in an order of program events; only those after one of them, if it is given.

    After one that isn't there (any more) comes none.
    """
    sign, beyond = ("-", "lt") if sort.startswith("-") else ("", "gt")
    name = EVENT_ORDERS[sort.removeprefix("-")]
    found = events.order_by(f"{sign}{name}", f"{sign}pk")
    if after is None:
        return found
    value = ProgramEvent.objects.filter(pk=after).values_list(name, flat=True).first()
    if value is None:
        return found.none()
    return found.filter(Q(**{f"{name}__{beyond}": value}) | Q(**{name: value, f"pk__{beyond}": after}))


def by_value(order: RowOrder, words: Direction, device: Sql = _DEVICE) -> Sql:
    """How rows that have the value are sorted."""
    return compose("{value} {word}, {device} {word}", value=order.value, word=words.word, device=device)


def first_rows(order: RowOrder, words: Direction, filters: frozenset[str], *, is_after: bool) -> Sql:
    """The condition that a row has the value, and comes after another one, if there is such a row.

    If one table answers these filters, only the first rows that it finds meet it.
    """
    if order.table is None or not filters <= order.table.filters:
        return _with_value(order, words, _DEVICE, is_after=is_after)
    device = order.table.device
    beyond = _with_value(order, words, device, is_after=is_after)
    parts = {"table": order.table.table, "condition": order.table.condition, "order": by_value(order, words, device)}
    return compose(_FIRST, device=device, beyond=beyond, **parts)


def without_value(order: RowOrder, words: Direction, *, is_after: bool) -> Sql:
    """The condition that a row lacks the value, and comes after another one that lacks it, if there is such a row."""
    lacks = compose("AND {value} IS NULL", value=order.value)
    if not is_after:
        return lacks
    return compose("{lacks} AND p.device_id {beyond} %(after_row)s", lacks=lacks, beyond=words.beyond)


def _with_value(order: RowOrder, words: Direction, device: Sql, *, is_after: bool) -> Sql:
    if not is_after:
        return compose("AND {value} IS NOT NULL", value=order.value)
    return compose(_BEYOND, value=order.value, from_on=words.from_on, beyond=words.beyond, device=device)
