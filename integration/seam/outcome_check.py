"""The database's check of outcome codes, created from outcomes.py after each migrate.

The tables of outcomes check their codes with a function, which can be replaced at once. A check that listed the codes
itself would have to be dropped and recreated, and that reads all outcomes. No file of sql/schema/ lists the
codes, and the first migration makes the function only because the tables made after it need one.
"""

from typing import Any

from django.db import connections

from .outcomes import CODES

_RENEW = """
CREATE OR REPLACE FUNCTION gridcall_is_outcome(code text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN code IN %s
"""


def renew_check(*, using: str, **kwargs: Any) -> None:
    """Make the tables of outcomes accept the codes of outcomes.py and no others."""
    with connections[using].cursor() as cursor:
        cursor.execute(_RENEW, [CODES])
