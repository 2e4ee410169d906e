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
from ninja.decorators import decorate_view
from ninja.security import HttpBearer
from pydantic import Field, create_model

from integration.seam.scopes import SCOPES

from .api_fields import parameters
from .columns import Column, Columns
from .exports import TYPES, export, listing_of
from .filters import FilterRefused, known, no_such_value
from .http import SignedInRequest
from .keyset import AFTER, SIZE, Page, keyset_page
from .numbers import whole

R = TypeVar("R")
Operation = Callable[..., Any]
LIMIT, MOST = "limit", 500  # rows of one answer
UNSORTED = "sort"  # lists are in the one order that their pages are turned in
JSON = "application/json"
# The formats of files, and their contents in the published document.
FILES: dict[str, dict[str, Any]] = {"csv": {"type": "string"}, "parquet": {}}


class Bearer(HttpBearer):
    """The token, which `doors.Doors` has made the request's user; named here for the published document."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return request.user if request.user.is_authenticated else None


def allow_call(*permissions: str, is_list: bool = False) -> Callable[[Operation], Operation]:
    """Open an operation to callers with any of these permissions. Raises PermissionDenied for any other.

    This is looked at before anything that was sent. One that is no list takes no parameters, and raises FilterRefused
    for any: a list checks its own (`Resource.size`).
    """

    def guard(run: Operation) -> Operation:
        @wraps(run)
        def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> Any:
            if not any(map(request.user.has_perm, permissions)):
                raise PermissionDenied(_refusal(permissions))
            if request.GET and not is_list:
                raise FilterRefused(_("This address takes no parameters."))
            return run(request, *args, **kwargs)

        return guarded

    def mark(operation: Operation) -> Operation:
        operation.allow = permissions  # type: ignore[attr-defined]  # the mark `marked` looks for
        return decorate_view(guard)(operation)

    return mark


def marked(api: NinjaAPI) -> list[Any]:
    """The API's addresses, each marked for `access.DenyByDefault` with who may call one of its operations.

    Raises TypeError if an operation doesn't say who may: nothing is open because it is part of the API.
    """
    *addresses, _root = api.urls[0]
    bound = [
        (f"{one.prefix}{path}", view) for one in api._get_bound_routers() for path, view in one.path_operations.items()
    ]
    paths = [path for path, _view in bound]
    if twice := {path for path in paths if paths.count(path) > 1}:
        raise TypeError(f"{', '.join(twice)} is on several routers; only the first one would answer")
    views = [view for _path, view in bound]
    of_addresses = [_permissions(view) for view in views for _operation in view.operations]
    for address, permissions in zip(addresses, of_addresses, strict=True):
        callback: Any = address.callback
        callback.allow = tuple(sorted(permissions))
    return addresses


def _permissions(view: Any) -> set[str]:
    """Those of an address's operations; what can be read can be asked for by HEAD, too."""
    permissions: set[str] = set()
    for operation in view.operations:
        if not getattr(operation.view_func, "allow", ()):
            raise TypeError(f"{operation.view_func.__name__} does not say who may call it")
        permissions.update(operation.view_func.allow)
        if "GET" in operation.methods and "HEAD" not in operation.methods:
            operation.methods.append("HEAD")
    return permissions


class Resource(Generic[R]):
    """Rows of one kind: their fields are those of `item`, with the values that a list's columns have in files.

    fields: those of the list's filter. file: the name of the list's file, if it can be had as one.
    Raises TypeError if the item's fields are not the columns', in their order.
    """

    def __init__(
        self,
        item: type[Schema],
        columns: Columns[R],
        fields: Mapping[str, forms.Field] | None = None,
        *,
        file: str = "",
    ) -> None:
        named = [one.alias or name for name, one in item.model_fields.items()]
        if named != (there := [name_of(column) for column in columns.columns if column.value]):
            raise TypeError(f"{item.__name__} has the fields {named}, and its columns {there}")
        self.item, self.file, self._columns = item, file, columns
        self._fields = {key: field for key, field in (fields or {}).items() if key != UNSORTED}
        self.page: type[Schema] = create_model(
            f"{item.__name__}Page",
            __base__=Schema,
            __doc__="A page of a list.",
            items=(list[item], Field(description="The rows, in the list's order.")),  # type: ignore[valid-type]
            next=(str | None, Field(description="The address of the next page; null at the end.")),
        )
        # Fields that the caller may not see are left out.
        self.whole: Any = {"response": self.page, "exclude_unset": True, "by_alias": True}
        self.single: Any = {"response": item, "exclude_unset": True, "by_alias": True}
        self.listed: Any = {**self.whole, "openapi_extra": self._described()}

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

    def page_or_file(
        self, request: SignedInRequest, rows: "QuerySet[Any]", order: tuple[str, ...], kind: Any = None
    ) -> Any:
        """The page that the address names, of the rows that the filter `kind` lets through; or their file."""
        size = self.size(request)
        found = filtered(kind, request, rows) if kind else rows
        if format_ := self.format(request):
            whole_list = listing_of(self.file, self._columns.in_file(request.user), found, order)
            return export(request, whole_list, format_)
        return self.answer(request, keyset_page(found, order, request.GET, size=size))

    def format(self, request: SignedInRequest) -> str:
        """The file format that the caller accepts rather than JSON; empty: none.

        Raises FilterRefused if a part of the file is asked for: it holds the whole list.
        """
        kinds = {JSON: ""} | ({TYPES[name].partition(";")[0]: name for name in FILES} if self.file else {})
        found = kinds[request.get_preferred_type(list(kinds)) or JSON]
        for name in (AFTER, LIMIT):
            if found and name in request.GET:
                raise FilterRefused(_("A file holds the whole list: leave out “%(name)s”.") % {"name": name})
        return found

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
        number = forms.IntegerField(label="How many rows one answer has at most", min_value=1, max_value=MOST)
        return {**self._fields, AFTER: forms.CharField(label="The place that `next` names"), LIMIT: number}

    def _described(self) -> dict[str, Any]:
        described: dict[str, Any] = {"parameters": parameters(self._parameters(), {LIMIT: SIZE})}
        if self.file:
            content = {TYPES[name].partition(";")[0]: {"schema": FILES[name]} for name in FILES}
            described["responses"] = {200: {"content": content}}
        return described


def filtered(kind: Any, request: SignedInRequest, rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """The rows that a list's filter lets through. Raises FilterRefused if one of its values does not exist."""
    found = kind(request.GET, queryset=rows)
    known(found.form)
    return found.qs  # type: ignore[no-any-return]


def fields_of(kind: Any) -> dict[str, forms.Field]:
    """The fields of a list's filter, a FilterSet or a form."""
    filters = getattr(kind, "base_filters", None)
    return {name: one.field for name, one in filters.items()} if filters is not None else dict(kind.base_fields)


def name_of(column: Column[Any]) -> str:
    """The name of a column's field: its heading in files, such as `expected_w` for “Expected (W)”."""
    with override("en"):
        return re.sub("[^a-z0-9]+", "_", str(column.file_label or column.label).lower()).strip("_")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return str(value) if isinstance(value, Promise) else value


def _refusal(permissions: tuple[str, ...]) -> str:
    scopes = [scope for scope, carried in SCOPES.items() if carried & set(permissions)]
    return _("This takes the scope %(scopes)s in the token and the account, and the owner's permission for it.") % {
        "scopes": ", ".join(scopes)
    }
