"""SQL: statements found by package and name, composed of checked parts, and run.

Values are always parameters. Names of tables and columns can't be, so they are checked and quoted by `identifier` and
put into a statement by `compose`; the linters reject any other way to build a statement.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from django.db import connection

Params = Sequence[Any] | Mapping[str, Any] | None
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")  # PostgreSQL truncates longer names


class Sql(str):
    """Text that may be part of a statement: written in the project, or checked."""

    __slots__ = ()


def statement(package: str, name: str, **parts: Sql) -> Sql:
    """The text of `sql/<name>.sql` in a package, composed with parts; its first line states its purpose."""
    text = _text(package, name)
    return compose(text, **parts) if parts else text


def compose(text: str, **parts: Sql) -> Sql:
    """Put parts in place of `{name}` in a text of the project.

    Raises TypeError if a part is neither composed nor an identifier.
    """
    for name, part in parts.items():
        if not isinstance(part, Sql):
            raise TypeError(f"The part “{name}” of a statement is neither composed nor an identifier.")
    return Sql(text.format(**parts) if parts else text)


def identifier(name: str) -> Sql:
    """The quoted name of a table, column, index or channel. Raises ValueError if it is not a simple lower-case name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"“{name}” is not a name of lower-case letters, digits and underscores.")
    return Sql(f'"{name}"')


def integer(number: int) -> Sql:
    """A number, for statements in which PostgreSQL allows no parameters, such as views and constraints."""
    return Sql(int(number))


def listed(parts: Iterable[Sql]) -> Sql:
    """Parts separated by commas."""
    return Sql(", ".join(parts))


def union_all(queries: Iterable[Sql]) -> Sql:
    """One query that returns the rows of all."""
    return Sql(" UNION ALL ".join(f"({query})" for query in queries))


def identifiers(names: Iterable[str]) -> Sql:
    """Quoted names separated by commas."""
    return listed(map(identifier, names))


def execute(query: str, params: Params = None) -> int:
    """Run a statement; returns how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return int(cursor.rowcount)


def rows(query: str, params: Params = None) -> list[tuple[Any, ...]]:
    """The rows a query returns."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def batches(query: str, *, rows: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows a query returns, so many at a time; the others stay in the database. Inside a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(query)
        while found := cursor.fetchmany(rows):
            yield found


def row(query: str, params: Params = None) -> tuple[Any, ...]:
    """The one row a query returns. Raises LookupError if it returns none."""
    if found := rows(query, params):
        return found[0]
    raise LookupError("The query returned no row.")


def value(query: str, params: Params = None) -> Any:
    """The first value of the one row a query returns. Raises LookupError if it returns none."""
    return row(query, params)[0]


def count(query: Sql, params: Params = None) -> int:
    """How many rows a query returns."""
    return int(value(compose("SELECT count(*) FROM ({query}) counted", query=query), params))


def column(query: str, params: Params = None) -> list[Any]:
    """The first value of each row a query returns."""
    return [first for first, *_ in rows(query, params)]


def in_parallel(create: str, params: Params = None) -> int:
    """Run a CREATE TABLE AS, whose query PostgreSQL may spread over several processors; returns how many rows.

    It overrates the cost of passing rows between workers; a tenth of it lets the query run in parallel.
    """
    execute("SET LOCAL parallel_tuple_cost = 0.01")
    rows = execute(create, params)
    execute("SET LOCAL parallel_tuple_cost TO DEFAULT")
    return rows


def analyze(*tables: str) -> None:
    """Update the planner's statistics now, instead of waiting for autovacuum."""
    execute(compose("ANALYZE {tables}", tables=identifiers(tables)))


def copy_out(query: str, params: Params, out: Any, *, form: str = "csv") -> None:
    """COPY the rows of a query as csv, text or binary; `out.write` is called once per row."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        rows = compose(cursor.mogrify(query, params).decode())
        cursor.copy_expert(compose("COPY ({rows}) TO STDOUT (FORMAT {form})", rows=rows, form=identifier(form)), out)


def copy_in(copy: str, rows: Any, *, block: int = 8192) -> int:
    """Run a COPY FROM STDIN that reads `rows`, `block` bytes at a time; returns how many rows it copied."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(copy, rows, block)
        return int(cursor.rowcount)


@cache
def _text(package: str, name: str) -> Sql:
    return Sql(files(package).joinpath("sql", f"{name}.sql").read_text())
