"""`manage.py check --database default`, and every `migrate`: whether the server of the database is fit for Gridcall."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from integration.engines.postgres import LOG_SETTINGS
from integration.seam import sql

OLDEST = 15
_SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"


@register(Tags.database)
def server_is_fit(databases: Iterable[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """An error if the server is too old; a warning if its own log may contain statements, and so customers' data."""
    if "default" not in (databases or ()):
        return []
    return [
        *_too_old(int(sql.value("SHOW server_version_num"))),
        *_talkative(dict(sql.rows(_SETTINGS, [list(LOG_SETTINGS)]))),
    ]


def _too_old(version: int) -> list[CheckMessage]:
    """`version` is PostgreSQL's own number, such as 180001 for 18.1."""
    if version >= OLDEST * 10_000:
        return []
    text = f"PostgreSQL {version // 10_000} is too old: Gridcall needs {OLDEST} or newer."
    return [Error(text, hint="Upgrade the server, or name another one in DATABASE_URL.", id="gridcall.E004")]


def _talkative(found: dict[str, str]) -> list[CheckMessage]:
    """A warning that names the settings to change, with their present values."""
    differ = {name: value for name, value in LOG_SETTINGS.items() if found.get(name, value) != value}
    if not differ:
        return []
    now = ", ".join(f"{name} = {found[name]}" for name in differ)
    change = "; ".join(f"ALTER DATABASE … SET {name} = '{value}'" for name, value in differ.items())
    text = f"PostgreSQL's own log may contain customers' data: {now}."
    return [CheckWarning(text, hint=f"As a superuser: {change}", id="gridcall.W001")]
