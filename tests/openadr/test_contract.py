"""Every operation of the published document, called as the document allows and as it does not: nothing is amiss."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from schemathesis import GenerationMode

from integration.console.models import User
from integration.pages.doors import calls
from integration.pages.oauth import asked
from integration.seam.scopes import SCOPES
from lec_sim.models import LecStage, RealmObject, Subscription
from lec_sim.openadr.realm_telling import object_id
from tests.any_call import CHECKS, on_this_connection, try_out
from tests.doors.conftest import bearer

from .conftest import VenClient
from .contract import OVERLAY, contract, known, operations, with_any_callback

pytestmark = pytest.mark.django_db
FEW, MANY = 1, 50  # examples of each operation, of each mode
BUSINESS_LOGIC = ["read_all", "write_programs", "write_events", "write_subscriptions", "write_vens"]
OF_A_VEN = ["read_targets", "read_ven_objects", "write_reports", "write_subscriptions", "write_vens"]
Accounts = dict[str, dict[str, str]]


@pytest.fixture
def accounts(
    account_of: Callable[..., Any], operator: User, ven: VenClient, stage: LecStage, settings: Any
) -> Iterator[Accounts]:
    """The headers of a client of each kind: two of the realm, one of a head end, and one that has neither."""
    settings.API_CALLS_PER_MINUTE = settings.API_TOKENS_PER_MINUTE = 10_000_000
    calls.cache_clear()
    asked.cache_clear()
    logic = account_of(operator, "Business logic", scopes=BUSINESS_LOGIC)
    realm_ven = account_of(operator, "Ven of the realm", scopes=OF_A_VEN)
    nobody = account_of(operator, "Nobody", scopes=sorted(SCOPES))
    settings.OPENADR_CONFORMANCE = [logic[0].client_id, realm_ven[0].client_id]
    headers = {"business logic": bearer(logic), "ven of the realm": bearer(realm_ven)}
    _fill(*(VenClient(made[0], header) for made, header in zip((logic, realm_ven), headers.values(), strict=True)))
    yield {**headers, "head end": ven.header, "nobody": bearer(nobody)}
    calls.cache_clear()
    asked.cache_clear()


@pytest.fixture
def found(accounts: Accounts) -> Iterator[dict[GenerationMode, list[Any]]]:
    """The operations to call as the document allows, and as it does not."""
    with on_this_connection():
        config = schemathesis.Config.from_dict({"checks": CHECKS, "generation": {"allow-x00": False}})
        ids = [object_id(one) for one in RealmObject.objects.all()] + [str(one) for one in _uids()]
        documents = {GenerationMode.POSITIVE: contract(), GenerationMode.NEGATIVE: with_any_callback(contract())}
        by_mode = {}
        for mode, document in documents.items():
            schema = schemathesis.openapi.from_dict(known(document, ids), config=config)
            schema.app = get_wsgi_application()
            by_mode[mode] = [result.ok() for result in schema.get_all_operations()]
        yield by_mode


def _fill(logic: VenClient, ven: VenClient) -> None:
    """An object of each kind in the realm."""
    granted = {"clientID": ven.account.client_id, "targets": ["north"]}
    program = logic.post("programs", {"programName": "A", "targets": ["north", "south"]}).json()["id"]
    event = logic.post("events", {"programID": program}).json()["id"]
    made = logic.post("vens", {"objectType": "BL_VEN_REQUEST", "venName": "V", **granted}).json()["id"]
    logic.post("resources", {"objectType": "BL_RESOURCE_REQUEST", "resourceName": "R", "venID": made, **granted})
    ven.post("reports", {"eventID": event, "clientName": "V", "resources": []})
    operation = {"objects": ["EVENT"], "operations": ["CREATE"], "callbackUrl": "https://ven.example/"}
    ven.post("subscriptions", {"clientName": "V", "objectOperations": [operation]})


def _uids() -> list[UUID]:
    """Those of stages and subscriptions, which are ids, too."""
    return [*LecStage.objects.values_list("stage_uid", flat=True), *Subscription.objects.values_list("uid", flat=True)]


def test_the_document_has_45_operations_and_each_change_to_it_a_reason() -> None:
    assert len(list(operations(contract()))) == 45
    assert all(reason.endswith(".") for reason in OVERLAY)


def test_a_few_calls_of_every_operation_are_answered_as_the_document_says(found: Any, accounts: Accounts) -> None:
    assert [len(of_mode) for of_mode in found.values()] == [45, 45]
    tried = (try_out(one, accounts, mode, FEW) for mode, of_mode in found.items() for one in of_mode)
    statuses = sum(tried, Counter())
    assert {200, 201, 400, 403, 404} <= statuses.keys()  # all of that was tried


@pytest.mark.full
@pytest.mark.parametrize("account", ["business logic", "ven of the realm", "head end"])
def test_many_calls_of_every_operation_are_answered_as_the_document_says(
    found: Any, accounts: Accounts, account: str
) -> None:
    for mode, of_mode in found.items():
        for operation in of_mode:
            try_out(operation, {account: accounts[account]}, mode, MANY)
