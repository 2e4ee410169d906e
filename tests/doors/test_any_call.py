"""Any call that the published document allows, and any that it does not: schemathesis finds no fault.

Each call is answered as the document says, as every kind of account and without one; nothing is answered with 500.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from schemathesis import GenerationMode

from integration.console.models import User
from integration.pages.doors import calls
from tests.any_call import CHECKS, on_this_connection, try_out

from .calling import ACTS, MAY, PEOPLE, V1
from .conftest import Made, bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]
FEW, MANY = 1, 50  # examples of each operation, of each mode
Accounts = dict[str, dict[str, str]]


@pytest.fixture
def accounts(account_of: Callable[..., Made], settings: Any) -> Iterator[Accounts]:
    """The headers of an account that may do everything, and of one of each kind of person."""
    settings.API_CALLS_PER_MINUTE = 10_000_000
    calls.cache_clear()
    people = [User.objects.create_superuser("boss"), *User.objects.filter(username__in=PEOPLE.values())]
    yield {one.username: bearer(account_of(one, one.username)) for one in people}
    calls.cache_clear()


@pytest.fixture
def operations(accounts: Accounts) -> Iterator[list[Any]]:
    """Every operation of the document."""
    with on_this_connection():
        config = schemathesis.Config.from_dict({"checks": CHECKS})
        schema = schemathesis.openapi.from_wsgi(f"{V1}openapi.json", get_wsgi_application(), config=config)
        yield [result.ok() for result in schema.get_all_operations()]


def test_a_few_calls_of_every_operation_are_answered_as_the_document_says(operations: Any, accounts: Accounts) -> None:
    assert len(operations) == len(MAY) + len(ACTS)
    assert accounts.keys() == {"boss", *PEOPLE.values()}
    statuses = sum((try_out(one, accounts, mode, FEW) for one in operations for mode in GenerationMode), Counter())
    assert {200, 400, 403, 404, 422} <= statuses.keys()  # all of that was tried


@pytest.mark.full
def test_many_calls_of_every_operation_are_answered_as_the_document_says(operations: Any, accounts: Accounts) -> None:
    for operation in operations:
        for mode in GenerationMode:
            try_out(operation, {"boss": accounts["boss"]}, mode, MANY)
