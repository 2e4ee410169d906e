"""Rows like one that is there, by one statement."""

from collections.abc import Mapping

from django.db import connection
from django.db.models import Model


def copy_row(like: Model, count: int, new: Mapping[str, str]) -> list[int]:
    """Make so many copies of a row; `new` says what stands in a column instead, as SQL over the row and `n`, from 1."""
    columns = [str(field.column) for field in like._meta.concrete_fields if not field.primary_key]
    values = ", ".join(new.get(column, column) for column in columns)
    table = like._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}, generate_series(1, {count}) n"
            f" WHERE {table}.id = {like.pk} RETURNING id"
        )
        return [pk for (pk,) in cursor.fetchall()]
