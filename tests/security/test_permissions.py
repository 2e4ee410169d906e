"""Who may open what: every address as every role and without signing in, from this one table.

A letter per role that may: O operator, A approver, B Balance Authority, C CSR, P program manager, D administrator;
* anybody signed in, ? no sign-in needed (the address itself contains the secret), ! no sign-in needed for anyone.
An address that is in the table and leads nowhere, or leads somewhere and is not in the table, fails the test.
"""

import re
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from integration.console.models import User
from integration.pages.problems import is_api

ROLES = {
    "O": "operator",
    "A": "approver",
    "B": "balance_authority",
    "C": "csr",
    "P": "program_manager",
    "D": "administrator",
}
NIL = "00000000-0000-0000-0000-000000000000"
PROGRAM_EVENT = "program-events/<id:event_number>/<int:stage_number>/"
PARTICIPATION = PROGRAM_EVENT + "participation/<id:head_end>/<id:nic_id>/"
EVENT = "events/<id:number>/"
STAGE = EVENT + "stages/<int:stage_number>/"
CUSTOMER = "customers/<id:number>/"
MAY = {
    "livez": "!",
    "readyz": "!",
    "logo": "?",
    "account/password/reset/": "!",
    "account/password/set/": "*",
    "account/oidc/<id:provider_id>/login/": "?",
    "": "*",
    "audit-trail/": "AD",
    "audit-trail/export/": "AD",
    "find/": "*",
    "help/pictures/<id:name>": "*",
    "help/<path:document>/": "*",
    "help/api/operations/": "*",
    "first-administrator/": "!",
    "set-up/": "D",
    "set-up/test-message/": "D",
    "profile/": "*",
    "profile/keys/": "*",
    "profile/keys/new/": "*",
    "profile/keys/<id:client_id>/revoke/": "*",
    "saved-views/add/": "*",
    "saved-views/<int:pk>/remove/": "*",
    "imports/": "D",
    "imports/new/": "D",
    "imports/<uuid:uid>/": "D",
    "imports/<uuid:uid>/check/": "D",
    "imports/<uuid:uid>/apply/": "D",
    "imports/<uuid:uid>/cancel/": "D",
    "imports/<uuid:uid>/refused/": "D",
    "settings/users/": "D",
    "settings/users/new/": "D",
    "settings/users/<id:username>/": "D",
    "settings/service-accounts/": "D",
    "settings/service-accounts/new/": "D",
    "settings/service-accounts/<id:client_id>/": "D",
    "settings/service-accounts/<id:client_id>/secret/": "D",
    "settings/webhooks/": "D",
    "settings/webhooks/new/": "D",
    "settings/webhooks/<uuid:uid>/": "D",
    "settings/webhooks/<uuid:uid>/edit/": "D",
    "settings/webhooks/<uuid:uid>/secret/": "D",
    "settings/webhooks/<uuid:uid>/test/": "D",
    "settings/webhooks/<uuid:uid>/notices/<int:pk>/redeliver/": "D",
    "settings/webhooks/<uuid:uid>/notices/<int:pk>/discard/": "D",
    "settings/event-types/": "D",
    "settings/event-types/<id:category>/": "D",
    "grid/": "OABPD",
    "grid/<id:kind>/": "OABPD",
    "grid/<id:kind>/new/": "OD",
    "grid/<id:kind>/<int:pk>/": "OD",
    "grid/<id:kind>/<int:pk>/delete/": "OD",
    "events/": "OABP",
    "events/export/": "OABP",
    "events/new/": "O",
    "events/new/check/": "O",
    "events/new/keep/": "O",
    "events/new/discard/": "O",
    "events/actions/<id:verb>/": "OABP",
    EVENT: "OABP",
    EVENT + "edit/": "OABP",
    EVENT + "report/": "OABP",
    EVENT + "check/": "O",
    EVENT + "clone/": "O",
    EVENT + "submit/": "O",
    EVENT + "withdraw/": "O",
    EVENT + "approve/": "A",
    EVENT + "deny/": "A",
    EVENT + "approve-as-balance-authority/": "B",
    EVENT + "deny-as-balance-authority/": "B",
    EVENT + "schedule-again/": "O",
    EVENT + "schedule-with-shortfall/": "O",
    EVENT + "cancel/": "O",
    STAGE: "OABP",
    STAGE + "devices/export/": "OABP",
    STAGE + "cancel/": "O",
    "strategies/": "OABP",
    "strategies/new/": "O",
    "strategies/<uuid:uid>/": "O",
    "strategies/<uuid:uid>/archive/": "O",
    "strategies/<uuid:uid>/activate/": "O",
    "der-groups/": "OABP",
    "der-groups/new/": "O",
    "der-groups/<int:pk>/": "O",
    "der-groups/<int:pk>/devices/": "OABP",
    "der-groups/<int:pk>/devices/export/": "OABP",
    "calls/": "OABP",
    "calls/never-answer/": "OABCP",
    "forecast/": "OABP",
    "reserve/": "OABP",
    "reserve/export/": "OABP",
    "events/<id:number>/abort/": "D",
    "calls/never-answer/export/": "OABCP",
    "devices/": "OC",
    "devices/export/": "OC",
    "devices/<id:head_end>/<id:nic_id>/": "OC",
    "program-events/": "P",
    "program-events/export/": "P",
    "program-events/participation/": "CP",
    "program-events/participation/export/": "CP",
    PROGRAM_EVENT: "P",
    PROGRAM_EVENT + "reductions/": "CP",
    PARTICIPATION: "CP",
    PARTICIPATION + "opt-out/": "CP",
    "program-events/<id:event_number>/measured/": "P",
    "program-events/<id:event_number>/measured/again/": "P",
    PROGRAM_EVENT + "measured/export/": "CP",
    "programs/": "P",
    "programs/new/": "P",
    "programs/<id:code>/": "P",
    "programs/<id:code>/baselines/": "P",
    "programs/<id:code>/season/": "P",
    "programs/<id:code>/season/export/": "P",
    "programs/<id:code>/season/groups/export/": "P",
    "programs/<id:code>/suspend/": "P",
    "programs/<id:code>/resume/": "P",
    "programs/<id:code>/rules/new/": "P",
    "programs/<id:code>/rules/<id:day>/": "P",
    "programs/<id:code>/rules/<id:day>/remove/": "P",
    "settlement/": "P",
    "settlement/new/": "P",
    "settlement/methods/": "P",
    "settlement/methods/<int:pk>/": "P",
    "settlement/methods/<int:pk>/prices/new/": "P",
    "settlement/<int:pk>/": "P",
    "settlement/<int:pk>/lines/": "P",
    "settlement/<int:pk>/lines/<int:event>/<int:subject>/": "P",
    "settlement/<int:pk>/export/": "P",
    "settlement/<int:pk>/intervals/export/": "P",
    "settlement/<int:pk>/kw-drops/export/": "P",
    "settlement/<int:pk>/review/": "P",
    "settlement/<int:pk>/approve/": "P",
    "settlement/<int:pk>/hand-over/": "P",
    "settlement/<int:pk>/cancel/": "P",
    "programs/<id:code>/settlement/new/": "P",
    "holidays/": "P",
    "holidays/new/": "P",
    "holidays/<id:day>/remove/": "P",
    "program-types/new/": "P",
    "program-types/<id:code>/": "P",
    "meters/": "CP",
    "meters/<id:number>/": "CP",
    "meters/<id:number>/edit/": "C",
    "meters/<id:number>/exchange/": "C",
    "devices/check/": "OCP",
    "customers/": "C",
    "customers/new/": "CP",
    CUSTOMER: "C",
    CUSTOMER + "edit/": "CP",
    CUSTOMER + "delete/": "CP",
    CUSTOMER + "locations/new/": "CP",
    CUSTOMER + "locations/<int:pk>/edit/": "CP",
    CUSTOMER + "locations/<int:pk>/delete/": "CP",
    CUSTOMER + "locations/<int:pk>/devices/new/": "CP",
    CUSTOMER + "locations/<int:pk>/meters/new/": "C",
    CUSTOMER + "devices/<int:pk>/edit/": "CP",
    CUSTOMER + "devices/<int:pk>/delete/": "CP",
    "enrollments/": "CP",
    "enrollments/<int:pk>/": "CP",
    "enrollments/<int:pk>/validate/": "CP",
    "enrollments/<int:pk>/retry/": "CP",
    "enrollments/<int:pk>/cancel/": "CP",
    "enrollments/<int:pk>/add-device/": "CP",
    "enrollments/<int:pk>/unenroll/": "C",
    CUSTOMER + "enroll/": "C",
    CUSTOMER + "locations/<int:pk>/programs/<id:code>/enroll/": "C",
    CUSTOMER + "locations/<int:pk>/move-out/": "C",
    CUSTOMER + "devices/<id:head_end>/<id:nic_id>/replace/": "C",
    CUSTOMER + "links/add/": "C",
    CUSTOMER + "links/<uuid:uid>/": "C",
    CUSTOMER + "links/<uuid:uid>/revoke/": "C",
    CUSTOMER + "unavailability/releases/": "C",
    CUSTOMER + "unavailability/<uuid:uid>/edit/": "C",
    CUSTOMER + "unavailability/<uuid:uid>/cancel/": "C",
    CUSTOMER + "subscriptions/<int:pk>/": "C",
    CUSTOMER + "subscriptions/<int:pk>/location/": "C",
    CUSTOMER + "subscriptions/<int:pk>/opt-out/": "C",
    "my-devices/<id:token>/": "?",
    "my-devices/<id:token>/locations/<int:pk>/programs/<id:code>/apply/": "?",
    "my-devices/<id:token>/unavailability/": "?",
    "my-devices/<id:token>/unavailability/<uuid:uid>/cancel/": "?",
    "my-devices/<id:token>/events/<id:event_number>/<int:stage_number>/<id:head_end>/<id:nic_id>/opt-out/": "?",
    "live/": "OABCPD",
    "live-energy-connect/": "O",
    "live-energy-connect/head-ends/<id:head_end>/": "O",
    "live-energy-connect/head-ends/<id:head_end>/fault/": "O",
    "live-energy-connect/head-ends/<id:head_end>/try/": "O",
    "live-energy-connect/stages/<uuid:stage_uid>/not-answered/": "O",
    "live-energy-connect/stages/<uuid:stage_uid>/not-answered/export/": "O",
    "messages/": "OD",
    "messages/export/": "OD",
    "messages/<uuid:uid>/": "OD",
    "deliveries/<int:pk>/retry/": "D",
    "deliveries/<int:pk>/discard/": "D",
    "due-work/<int:pk>/retry/": "D",
    "alerts/": "OABD",
    "alerts/export/": "OABD",
    "alerts/unseen/": "OABPD",
    "alerts/<int:pk>/acknowledge/": "OD",
    "alerts/<int:pk>/archive/": "OD",
}


def our_addresses(resolver: URLResolver, path: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from our_addresses(entry, path + str(entry.pattern))
        elif isinstance(entry, URLPattern) and hasattr(entry.callback, "allow"):
            address = path + str(entry.pattern)
            # Django's admin has one permission throughout: test_admin.py. Calls of other systems: tests/doors.
            if not address.startswith("admin/") and not is_api(f"/{address}"):
                yield address


def example(address: str) -> str:
    """An address with objects that do not exist: permission is checked before existence."""
    address = re.sub(r"<uuid:\w+>", NIL, address).replace("<id:verb>", "edit")
    return "/" + re.sub(r"<id:\w+>", "none", re.sub(r"<int:\w+>", "999999", address))


def asked(client: Client, address: str) -> HttpResponse:
    """The result of opening an address, or of posting to one that only accepts POST."""
    answer = client.get(example(address))
    return client.post(example(address)) if answer.status_code == 405 else answer


def test_every_address_stands_in_the_table() -> None:
    assert sorted(our_addresses(get_resolver())) == sorted(MAY)


@pytest.mark.parametrize("letter", ROLES)
def test_a_role_opens_what_the_table_says_and_nothing_else(
    letter: str, client: Client, request: pytest.FixtureRequest
) -> None:
    person: User = request.getfixturevalue(ROLES[letter])
    client.force_login(person)
    refused = {address for address in MAY if asked(client, address).status_code == 403}
    assert refused == {address for address, who in MAY.items() if who not in ("*", "?", "!") and letter not in who}


@pytest.mark.django_db
def test_nobody_opens_nothing_but_what_carries_its_own_secret(client: Client) -> None:
    for address, who in MAY.items():
        answer = asked(client, address)
        if who == "!":
            assert answer.status_code == 200, address
        elif who == "?":
            assert answer.status_code in (404, 405, 410), address
        else:
            assert answer.status_code == 302, address
            assert answer["Location"].startswith("/account/login/"), address


def test_a_person_without_a_role_opens_the_overview_alone(client: Client, outsider: User) -> None:
    client.force_login(outsider)
    answers = {address: asked(client, address) for address, who in MAY.items() if who not in ("?", "!")}
    opened = {address for address, answer in answers.items() if answer.status_code != 403}
    assert all("administrator" in answers[address].content.decode() for address in answers.keys() - opened)
    saved = {"saved-views/add/", "saved-views/<int:pk>/remove/"}
    own = {"profile/", "profile/keys/", "profile/keys/new/", "profile/keys/<id:client_id>/revoke/"}
    help_pages = {"help/<path:document>/", "help/api/operations/", "help/pictures/<id:name>"}
    assert opened == {"", "find/", "account/password/set/"} | help_pages | saved | own
