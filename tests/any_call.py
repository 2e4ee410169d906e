"""Calls that a published document allows, and calls that it does not, made up by schemathesis and looked at by it.

They are made in the test's process and undone: a server of its own has nobody to undo them, and its connections wait
for what the test's transaction has locked.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth

# What only the database knows, such as codes of zones, can't stand in a document: answers name those that there are.
# A path of made-up parts leads nowhere, an account may not do everything, and a body may have another type.
ACCEPTED = ["2xx", "400", "401", "403", "404", "409", "422"]
REFUSED = ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ACCEPTED},
    "negative_data_rejection": {"expected-statuses": REFUSED},
    "missing_required_header": {"expected-statuses": REFUSED},
}


@contextmanager
def on_this_connection() -> Iterator[None]:
    """Calls of the application share the test's connection, as those of Django's own test client do."""
    with connection.cursor() as cursor:
        # Making up examples takes longer than a transaction may idle.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def try_out(
    operation: Any, accounts: Mapping[str, dict[str, str]], mode: GenerationMode, examples: int
) -> "Counter[int]":
    """Make so many calls, each as each of these accounts, by their headers; returns how often each status came.

    Raises if an answer is not as the document describes it.
    """
    statuses: Counter[int] = Counter()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any) -> None:
        made_up = dict(case.headers or {})
        for number, header in enumerate(accounts.values()):
            point = transaction.savepoint()
            # Where the account's header was left out it is sent all the same, so no check may count it as missing.
            case.headers = header | made_up
            try:
                # Without an account every call is the same, so that one look at it is enough.
                answer = case.call_and_validate(headers=header, excluded_checks=[ignored_auth] if number else [])
                statuses[answer.status_code] += 1
            finally:
                transaction.savepoint_rollback(point)

    # What has no parameter has nothing that could be wrong.
    with suppress(Unsatisfiable) if mode == GenerationMode.NEGATIVE else nullcontext():
        call()
    return statuses
