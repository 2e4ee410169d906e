"""The tags of partials/table.html: the headings and the rows of a list's columns."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django import template
from django.template import Context
from django.template.base import render_value_in_context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe

from integration.pages import ids
from integration.pages.columns import Column, Columns, Text
from integration.pages.numbers import NONE

register = template.Library()

HIDDEN = ("off", "wide")  # a heading is hidden with its cells
Draw = Callable[[Any, Context], str]

register.simple_tag(ids.device_key, name="device_key")


class Heading(NamedTuple):
    """A heading to render: `order` is what its link requests, `sorted` how the list is sorted by it now."""

    label: Text
    css: str
    order: str
    sorted: str
    is_unseen: bool
    fragment: str


@register.simple_tag(takes_context=True)
def headings(context: Context, columns: Columns[Any], sort: str = "") -> list[Heading]:
    """The headings of the columns that the person sees, for a list sorted by `sort`."""
    return [_heading(context, columns, column, sort) for column in columns.on_page(context["user"])]


@register.simple_tag(takes_context=True)
def body(context: Context, columns: Columns[Any], rows: Iterable[Any], extra: Mapping[Any, Any] | None = None) -> str:
    """The rows of a table. A fragment gets each as `row`, and the entry of `extra` for its primary key as `extra`."""
    cells = [(_opened(column), _drawn(context, columns, column)) for column in columns.on_page(context["user"])]
    lines = []
    for row in rows:
        with context.push(row=row, extra=extra.get(row.pk) if extra else None):
            inner = "".join([f"{opened(row)}{draw(row, context)}</td>" for opened, draw in cells])
        lines.append(f"<tr>{inner}</tr>")
    return mark_safe("\n".join(lines))  # noqa: S308  (each cell is escaped, or a fragment)


def _heading(context: Context, columns: Columns[Any], column: Column[Any], sort: str) -> Heading:
    return Heading(
        column.label,
        _classes(column.css, *(place for place in _phone_places(column) if place in HIDDEN)),
        column.next_order(sort) if column.sort else "",
        column.sorted_now(sort),
        column.is_unseen,
        _fragment(context, columns, column.heading)(None, context) if column.heading else "",
    )


def _phone_places(column: Column[Any], row: Any = None) -> list[str]:
    """The places of the cell on a narrow page; without a row, those that all rows share."""
    if callable(column.phone):
        return column.phone(row).split() if row is not None else []
    return column.phone.split()


def _classes(css: str, *phone: str) -> str:
    return " ".join(filter(None, [css, *(f"cell-{place}" for place in phone)]))


def _opened(column: Column[Any]) -> Callable[[Any], str]:
    """Return the function that opens a row's cell."""
    if callable(column.phone):
        return lambda row: _begin(column, _phone_places(column, row))
    begin = _begin(column, column.phone.split())
    return lambda row: begin


def _begin(column: Column[Any], phone: list[str]) -> str:
    css = _classes(column.css, *(place for place in phone if place != "label"))
    return format_html(
        "<td{}{}>",
        format_html(' class="{}"', css) if css else "",
        format_html(' data-label="{}"', column.phone_label or column.label) if "label" in phone else "",
    )


def _drawn(context: Context, columns: Columns[Any], column: Column[Any]) -> Draw:
    """Return the function that renders the inside of a row's cell."""
    cell = column.cell
    if isinstance(cell, str):
        return _fragment(context, columns, cell)
    return lambda row, context: _text(cell(row), context)


def _text(value: object, context: Context) -> str:
    return NONE if value is None else conditional_escape(render_value_in_context(value, context))


def _fragment(context: Context, columns: Columns[Any], name: str) -> Draw:
    if context.template is None:
        raise RuntimeError("A table can only be rendered inside a template.")
    fragment = context.template.engine.get_template(f"{columns.template}#{name}")
    return lambda row, context: fragment.nodelist.render(context)
