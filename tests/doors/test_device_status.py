"""A system outside answers a status check."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from cpm.models import Device, DeviceStatus
from cpm.operations import check_devices
from cpm.rest.device_status import transaction_id_of, uid_of
from integration.console.models import User
from integration.seam import clock
from tests import factories

from .conftest import Made, bearer

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "/rest/apis/cross/digitalAssets/controllableDeviceStatus/response"


@pytest.fixture
def asked(program: Any, zone: Any) -> Callable[[int], str]:
    """Ask about so many devices; returns the transaction of the check."""
    factories.fleet(zone, program, 2, since=clock.now() - timedelta(days=30))

    def ask(devices: int) -> str:
        keys = Device.objects.order_by("pk")[:devices].values_list("head_end", "nic_id")
        check_devices(devices=list(keys), by="cora", now=clock.now())
        return transaction_id_of(DeviceStatus.objects.latest("asked_at").check_uid)

    return ask


@pytest.fixture
def answer(account_of: Callable[..., Made], administrator: User) -> Callable[..., Any]:
    header = bearer(account_of(administrator))

    def send(transaction: str, status: str, name: str = "transactionID") -> Any:
        body = {"responseDetail": {name: transaction, "result": {"status": status}}}
        return Client().post(ADDRESS, body, "application/json", headers=header)

    return send


@pytest.mark.parametrize(("status", "found"), [("SUCCESS", "online"), ("FAILURE", "offline")])
@pytest.mark.parametrize("name", ["transactionID", "transactionId"])
def test_an_answer_is_kept_with_the_device(asked: Any, answer: Any, status: str, found: str, name: str) -> None:
    told = answer(asked(1), status, name)
    assert (told.status_code, told.json()["responseDetail"]["result"]) == (200, {"status": status})
    kept = DeviceStatus.objects.get()
    assert kept.answer == found
    assert (kept.heard_at is not None) == (found == "online")


def test_an_answer_to_no_check_and_to_one_of_several_devices_is_refused(asked: Any, answer: Any) -> None:
    several = asked(2)
    assert [answer(one, "SUCCESS").status_code for one in ("123", transaction_id_of(uuid4()), several)] == [
        404,
        404,
        409,
    ]
    assert not DeviceStatus.objects.exclude(answer="").exists()


def test_the_id_of_a_check_fits_the_interface() -> None:
    uid = uuid4()
    assert len(transaction_id_of(uid)) <= 30
    assert uid_of(transaction_id_of(uid).lower()) == uid
    assert uid_of("1" * 26) is None
