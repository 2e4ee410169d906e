"""Opting a device out by the API: what the record's form does, in the name of the account."""

import pytest

from cpm.models import Participation, Removal
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from integration.console.models import User
from integration.console.service_accounts import add_account
from integration.seam import clock, tokens
from integration.seam.scopes import SCOPES
from integration.seam.tokens import Token
from tests.doors.calling import Send


@pytest.fixture
def send(csr: User) -> Send:
    made = add_account({"name": "Line", "owner": csr, "scopes": sorted(SCOPES)}, by="adam", now=clock.now())
    token = tokens.issue(Token(made.pk, made.epoch, frozenset(made.scopes)), now=clock.now())
    return Send({"cora": {"Authorization": f"Bearer {token}"}})


def address(event: ProgramEvent, nic_id: str, device: Device) -> str:
    return f"program-events/{event.event_number}/{event.stage_number}/devices/{device.head_end}/{nic_id}/opt-out"


def has_left(event: ProgramEvent, device: Device) -> bool:
    return Participation.objects.get(program_event_id=event.pk, device_id=device.pk).preemptive_opt_out


@pytest.mark.django_db(transaction=True)
def test_a_device_opts_out_as_on_its_record(reserved: ProgramEvent, device: Device, send: Send) -> None:
    here = address(reserved, device.nic_id, device)
    wrong = send("cora", "POST", here, {"scope": "all"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "scope")
    assert send("cora", "POST", address(reserved, "NONE", device), {}).status_code == 404
    assert not has_left(reserved, device)
    assert send("cora", "POST", here, {}).status_code == 200
    assert has_left(reserved, device)
    removal = Removal.objects.get(stage_uid=reserved.stage_uid, nic_id=device.nic_id)
    assert (removal.reason, removal.requested_by) == ("opt-out", "service account Line")
    assert send("cora", "POST", here, {}).status_code == 200  # it is out already


@pytest.mark.django_db(transaction=True)
def test_a_program_that_does_not_allow_it_refuses_with_a_sentence(
    reserved: ProgramEvent, device: Device, send: Send
) -> None:
    type(reserved.program.type).objects.update(allow_to_opt_out=False)
    refused = send("cora", "POST", address(reserved, device.nic_id, device), {})
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert refused.json()["detail"]
    assert not has_left(reserved, device)
