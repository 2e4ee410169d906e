"""Statements that live in an app's sql/ folder, by name."""

from functools import cache
from pathlib import Path


@cache
def statement(folder: Path, name: str) -> str:
    """The text of `<folder>/sql/<name>.sql`; its first line says what it is for."""
    return (folder / "sql" / f"{name}.sql").read_text()
