"""Copies of an existing row, made by one statement."""

from collections.abc import Mapping

from django.db.models import Model

from integration.seam import sql
from integration.seam.sql import compose, identifier, identifiers, listed

_COPY = """
INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, generate_series(1, %(count)s) n
 WHERE {table}.id = %(like)s RETURNING id
"""


def copy_row(like: Model, count: int, new: Mapping[str, str]) -> list[int]:
    """Copy a row `count` times; `new` replaces columns by SQL expressions over the row and the copy's number `n`."""
    columns = [str(field.column) for field in like._meta.concrete_fields if not field.primary_key]
    values = listed(compose(new[column]) if column in new else identifier(column) for column in columns)
    query = compose(_COPY, table=identifier(like._meta.db_table), columns=identifiers(columns), values=values)
    return sql.column(query, {"count": count, "like": like.pk})
