"""The database's check of outcome codes, made from outcomes.py after each migrate.

The tables of outcomes check their codes by a function. It can be replaced at once, while a check that lists the codes
itself would have to be dropped, and made anew by reading all outcomes there are.
"""

from typing import Any

from django.db import connections

from .outcomes import CODES

_RENEW = """
CREATE OR REPLACE FUNCTION gridcall_is_outcome(code text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN code IN %s
"""


def renew_check(*, using: str, **kwargs: Any) -> None:
    """Let the tables of outcomes accept each code of outcomes.py, and no other."""
    with connections[using].cursor() as cursor:
        cursor.execute(_RENEW, [CODES])
