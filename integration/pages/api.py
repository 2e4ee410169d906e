"""The operations of the API: the rows and figures of pages, with the pages' own filters, permissions and columns."""

import re
from collections.abc import Callable, Container, Mapping
from decimal import Decimal
from functools import wraps
from typing import Any, Generic, TypeVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import override
from ninja import NinjaAPI, Schema
from ninja.security import HttpBearer
from pydantic import create_model

from integration.seam.scopes import SCOPES

from .columns import Column, Columns
from .filters import FilterRefused, known, no_such_value
from .http import SignedInRequest
from .keyset import AFTER, SIZE, Page
from .numbers import whole

R = TypeVar("R")
Operation = Callable[..., Any]
LIMIT, MOST = "limit", 500  # rows of one answer
UNSORTED = "sort"  # lists are in the one order that their pages are turned in


class Bearer(HttpBearer):
    """The token, which `doors.Doors` has made the request's user; named here for the published document."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return request.user if request.user.is_authenticated else None


def allow_call(*permissions: str, is_list: bool = False) -> Callable[[Operation], Operation]:
    """Open an operation to callers with any of these permissions. Raises PermissionDenied for any other.

    One that is no list takes no parameters, and raises FilterRefused for any: a list checks its own (`Resource.size`).
    """

    def mark(operation: Operation) -> Operation:
        @wraps(operation)
        def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> Any:
            if not any(map(request.user.has_perm, permissions)):
                raise PermissionDenied(_refusal(permissions))
            if request.GET and not is_list:
                raise FilterRefused(_("This address takes no parameters."))
            return operation(request, *args, **kwargs)

        guarded.allow = permissions  # type: ignore[attr-defined]  # the mark `marked` looks for
        return guarded

    return mark


def marked(api: NinjaAPI) -> list[Any]:
    """The API's addresses, each marked for `access.DenyByDefault` with who may call one of its operations.

    Raises TypeError if an operation doesn't say who may: nothing is open because it is part of the API.
    """
    *addresses, _root = api.urls[0]
    routers = api._get_bound_routers()
    views = [view for one in routers for view in one.path_operations.values() for _operation in view.operations]
    for address, view in zip(addresses, views, strict=True):
        permissions: set[str] = set()
        for operation in view.operations:
            if not getattr(operation.view_func, "allow", ()):
                raise TypeError(f"{operation.view_func.__name__} does not say who may call it")
            permissions.update(operation.view_func.allow)  # type: ignore[attr-defined]
        callback: Any = address.callback
        callback.allow = tuple(sorted(permissions))
    return addresses


class Resource(Generic[R]):
    """Rows of one kind, as a list's columns describe them in files; `fields` are those of the list's filter."""

    def __init__(self, name: str, columns: Columns[R], fields: Mapping[str, forms.Field] | None = None) -> None:
        self._columns = columns
        self._fields = {key: field for key, field in (fields or {}).items() if key != UNSORTED}
        kept = [column for column in columns.columns if column.value]
        # Any: a column's value says what it is, and nothing else does.
        described: Any = {name_of(column): (Any, None) for column in kept}
        self.item: type[Schema] = create_model(name, __base__=Schema, **described)
        self.page: type[Schema] = create_model(
            f"{name}Page",
            __base__=Schema,
            items=(list[self.item], ...),  # type: ignore[name-defined]
            next=(str | None, None),
        )
        # Fields that the caller may not see are left out.
        self.whole: Any = {"response": self.page, "exclude_unset": True}
        self.listed: Any = {
            **self.whole,
            "openapi_extra": {"parameters": list(map(_parameter, *zip(*self._parameters().items(), strict=True)))},
        }
        self.single: Any = {"response": self.item, "exclude_unset": True}

    def row(self, caller: Any, row: R, columns: Columns[R] | None = None) -> dict[str, Any]:
        """A row as its fields, in English and with plain numbers."""
        with override("en"):
            return {
                name_of(one): _plain(one.value(row)) for one in (columns or self._columns).in_file(caller) if one.value
            }

    def answer(self, request: SignedInRequest, page: Page[R], columns: Columns[R] | None = None) -> dict[str, Any]:
        """A page of rows, and the address of the next one."""
        return {
            "items": [self.row(request.user, row, columns) for row in page.rows],
            "next": f"{request.path}{page.next_url}" if page.next_url else None,
        }

    def size(self, request: SignedInRequest, *, without: Container[str] = ()) -> int:
        """How many rows are asked for; `without` names parameters that this caller has not.

        Raises FilterRefused for another number, and for a parameter there isn't, that is given twice or has no value:
        to ignore it would return everything.
        """
        there = [name for name in self._parameters() if name not in without]
        for name, values in request.GET.lists():
            if name not in there:
                raise FilterRefused(no_such_value(name, there))
            if len(values) > 1 or not values[0].strip():
                raise FilterRefused(_("Give “%(name)s” once, with a value, or leave it out.") % {"name": name})
        size = whole(request.GET.get(LIMIT, str(SIZE)))
        if size is None or not 1 <= size <= MOST:
            raise FilterRefused(_("The limit must be a number from 1 to %(most)s.") % {"most": MOST})
        return size

    def _parameters(self) -> dict[str, forms.Field]:
        number = forms.IntegerField(label=f"Rows of one answer, 1 to {MOST}; {SIZE} unless it is given")
        return {**self._fields, AFTER: forms.CharField(label="The place that `next` names"), LIMIT: number}


def filtered(kind: Any, request: SignedInRequest, rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """The rows that a list's filter lets through. Raises FilterRefused if one of its values does not exist."""
    found = kind(request.GET, queryset=rows)
    known(found.form)
    return found.qs  # type: ignore[no-any-return]


def fields_of(kind: Any) -> dict[str, forms.Field]:
    """The fields of a list's filter, a FilterSet."""
    return {name: one.field for name, one in kind.base_filters.items()}


def name_of(column: Column[Any]) -> str:
    """The name of a column's field: its heading in files, such as `expected_w` for “Expected (W)”."""
    with override("en"):
        return re.sub("[^a-z0-9]+", "_", str(column.file_label or column.label).lower()).strip("_")


def _parameter(name: str, field: forms.Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer" if isinstance(field, forms.IntegerField) else "string"}
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        choices: Any = field.choices
        schema["enum"] = [str(value) for value, _label in choices if str(value)]
    with override("en"):
        described = str(field.label or name)
    return {"name": name, "in": "query", "required": False, "description": described, "schema": schema}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, Promise) else value


def _refusal(permissions: tuple[str, ...]) -> str:
    scopes = [scope for scope, carried in SCOPES.items() if carried & set(permissions)]
    return _("This takes the scope %(scopes)s in the token and the account, and the owner's permission for it.") % {
        "scopes": ", ".join(scopes)
    }
