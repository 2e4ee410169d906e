"""A passkey, in a browser that has one: added, used to sign in, with no violation of the content security policy."""

import pytest
from playwright.sync_api import Browser

from integration.demo.sign_ins import PASSWORD

from .conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_and_signs_in_without_a_password(empty: str, browser: Browser) -> None:
    address = empty.replace("127.0.0.1", "localhost")  # passkeys need a host name
    ada = Person(address, browser, "ada.approver")
    ada.open("/account/2fa/webauthn/add/")
    ada.page.get_by_label("Password").fill(PASSWORD)
    ada.press("Confirm")
    ada.shoot("passkey-add")  # checking for faults resets the debugger's virtual passkeys, so only before and after
    device = ada.page.context.new_cdp_session(ada.page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    ada.page.get_by_label("Name").fill("Ada's phone")
    ada.page.get_by_label("Passwordless").check()
    ada.press("Add")
    ada.reads("Recovery Codes")
    ada.page.context.clear_cookies()
    ada.open("/account/login/")
    ada.press("Use a passkey")
    ada.page.get_by_text("ada.approver").first.wait_for()

    ada.open("/account/2fa/webauthn/")
    ada.reads("Ada's phone")
    ada.shoot("passkeys")
    assert ada.problems == []
    ada.page.context.close()
