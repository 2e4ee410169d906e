"""One demo for all tests of this folder, with pages alone: nothing happens but what the tests do.

What a test does stays for the next one, and none has the mark `django_db`, which would empty the database.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker

from integration.console.models import User
from tests.browser.conftest import chromium, shared_demo
from tests.databases import Databases


@pytest.fixture(scope="package")
def demo(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    root = tmp_path_factory.mktemp("shared") / "extracts"
    with django_db_blocker.unblock(), shared_demo(databases, root, []) as address:
        yield address


@pytest.fixture(scope="package")
def browser(demo: str) -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(autouse=True)
def english_again(demo: str) -> Iterator[None]:
    """Whatever language people read in a test, the next one finds them with English."""
    yield
    User.objects.update(language="en")
