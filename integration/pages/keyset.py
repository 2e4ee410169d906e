"""Pages of long lists: the next page starts after the last row shown, at any depth of the list."""

from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from .numbers import whole

R = TypeVar("R")
M = TypeVar("M", bound=Model)

SIZE = 50
AFTER = "after"


class Page(NamedTuple, Generic[R]):
    """The rows of one page, and the addresses of the first and the next page, empty if there is none to go to."""

    rows: list[R]
    first_url: str = ""
    next_url: str = ""


def page_of(found: list[R], query: QueryDict, key: str, *, size: int = SIZE) -> Page[R]:
    """A page made of `size` + 1 queried rows; `key` names the last one shown."""
    first = query.copy()
    started_later = bool(first.pop(AFTER, None))
    following = first.copy()
    following[AFTER] = key
    return Page(
        found[:size],
        f"?{first.urlencode()}" if started_later else "",
        f"?{following.urlencode()}" if len(found) > size else "",
    )


def keyset_page(rows: QuerySet[M], order: tuple[str, ...], query: QueryDict, *, size: int = SIZE) -> Page[M]:
    """A page of a list ordered by one or two fields of the model, the last of them unique, in the same direction.

    Raises BadRequest if the query's `after` is not a place in the list.
    """
    found = list(after_key(rows, order, query.get(AFTER, ""))[: size + 1])
    last = [getattr(found[:size][-1], name.lstrip("-")) for name in order] if found else []
    return page_of(found, query, join_key(last), size=size)


def join_key(values: Iterable[Any]) -> str:
    """The key of a row: its values in the list's order."""
    return "~".join(value.isoformat() if hasattr(value, "isoformat") else str(value) for value in values)


def after_key(rows: QuerySet[M], order: tuple[str, ...], key: str) -> QuerySet[M]:
    """The rows, in this order, after the one that the key names; all of them if the key is empty."""
    rows = rows.order_by(*order)
    if not key:
        return rows
    names = [name.lstrip("-") for name in order]
    values = [_value(rows.model, name, text) for name, text in zip(names, split_key(key, len(order)), strict=True)]
    beyond = "lt" if order[0].startswith("-") else "gt"
    if len(order) == 1:
        return rows.filter(**{f"{names[0]}__{beyond}": values[0]})
    (first, second), (a, b) = names, values
    # The second condition implies the first, which lets the index find its start.
    return rows.filter(
        Q(**{f"{first}__{beyond}e": a}), Q(**{f"{first}__{beyond}": a}) | Q(**{f"{second}__{beyond}": b})
    )


def split_key(key: str, parts: int) -> list[str]:
    """The parts of a key; only the last may contain the sign between them. Raises BadRequest if there are fewer."""
    found = key.split("~", parts - 1)
    if len(found) != parts:
        raise BadRequest(_("This address does not lead to a place in the list."))
    return found


def place_after(query: QueryDict) -> int:
    """The number that the query's `after` contains; 0 without one. Raises BadRequest if it is none."""
    text = query.get(AFTER, "")
    place = whole(text) if text else 0
    if place is None:
        raise BadRequest(_("This address does not lead to a place in the list."))
    return place


def _value(model: type[Model], name: str, text: str) -> Any:
    try:
        return model._meta.get_field(name).to_python(text)  # type: ignore[union-attr]  # lists are not sorted by relations
    except ValidationError as problem:
        raise BadRequest(_("This address does not lead to a place in the list.")) from problem
