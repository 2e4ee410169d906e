"""A new Gridcall with its production defaults, through pages only: the first administrator, then an approver."""

import re

import pytest
from playwright.sync_api import Browser

from integration.project.supervisor import Child

from .visitors import Inbox, Visitor, make_administrator, make_person, run


@pytest.fixture
def own_processes() -> list[Child]:
    """None: pages alone do all of it."""
    return []


def test_the_first_administrator_and_their_approver_come_in_through_pages_alone(
    own_server: str, browser: Browser, inbox: Inbox
) -> None:
    ada, paul = Visitor(browser, own_server), Visitor(browser, own_server)
    shown = run("first_administrator")
    assert f"{own_server}/first-administrator/" in shown
    make_administrator(ada, re.findall(r"Code: (\S+)", shown)[0])
    ada.open("/set-up/")
    ada.press("Send a test message")
    ada.reads("ada@example.com")
    assert inbox.recipients == ["ada@example.com"]
    make_person(ada, "paul.approver", "DERMS approver")

    paul.sign_in("paul.approver")
    paul.set_up_app()
    paul.open("/events/")
    paul.page.get_by_role("heading", name="DERMS Events", level=1).wait_for()

    paul.page.context.clear_cookies()
    paul.sign_in("paul.approver")
    paul.reads("Enter the code of your authenticator app")
    paul.open("/events/")
    paul.page.get_by_role("heading", name="Second factor", level=1).wait_for()  # a password alone opens nothing
    paul.fill(code=paul.code())
    paul.press("Sign in")
    paul.page.get_by_text("paul.approver").first.wait_for()
    assert ada.problems + paul.problems == []
