"""A customer's own page: how its link opens it, and what it lets customers do with their own devices only."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from cpm.models import Participation, Removal, SelfServiceLink
from cpm.models.customers import Customer, Device
from cpm.models.program_events import ProgramEvent
from cpm.models.programs import Program, ProgramType
from cpm.models.unavailability import Unavailability
from cpm.operations import make_link, revoke_link
from integration.seam.settling import settle
from lec_sim import operations as lec
from lec_sim.models import LecStage
from tests.cpm.test_unavailability_pages import HOUR, typed, wall
from tests.pages.editing import save
from tests.pages.html import html_of

pytestmark = pytest.mark.usefixtures("without_emails")


@pytest.fixture
def link(customer: Customer, now: datetime) -> SelfServiceLink:
    return make_link(customer_id=customer.pk, by="cora", now=now)


@pytest.fixture
def url(link: SelfServiceLink) -> str:
    return f"/my-devices/{link.token}/"


def opt_out_url(url: str, event: ProgramEvent, device: Device) -> str:
    return f"{url}events/{event.event_number}/{event.stage_number}/{device.head_end}/{device.nic_id}/opt-out/"


def test_the_page_shows_coming_reservations_without_an_account(
    reserved: ProgramEvent, url: str, client: Client
) -> None:
    answer = client.get(url)
    page = answer.content.decode()
    for words in ("Your devices", "Thermostat", "Opting out is possible until", "Set unavailability"):
        assert words in page
    for words in ("Testa", "NA1", "@example", "555-0100"):
        assert words not in page
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"


def test_opting_out_shows_that_it_was_asked_and_then_confirmed(
    reserved: ProgramEvent, device: Device, url: str, client: Client
) -> None:
    act = opt_out_url(url, reserved, device)
    assert act in client.get(url).content.decode()
    assert "can't be undone" in client.get(act).content.decode().replace("&#x27;", "'")
    assert client.post(act)["Location"] == url
    assert "The opt-out is saved" in client.get(url).content.decode()
    settle()
    part = html_of(client.get(url, headers={"HX-Request": "true"}))
    assert part.startswith('<section class="card" id="reservations"')
    assert "Opted out: the device is not called" in part
    facts = Participation.objects.get(program_event_id=reserved.pk, device_id=device.pk)
    assert (facts.preemptive_opt_out, facts.reservation_flag) == (True, False)


def test_a_running_event_stays_on_the_page_and_a_released_device_says_why(
    reserved: ProgramEvent, device: Device, url: str, client: Client, now: datetime
) -> None:
    lec.start_stage(LecStage.objects.get().pk, now=reserved.starts_at)
    settle()
    assert "Running now, until" in client.get(url).content.decode()
    Participation.objects.filter(device_id=device.pk).update(reservation_flag=False)
    Removal.objects.create(
        stage_uid=reserved.stage_uid, head_end=device.head_end, nic_id=device.nic_id, reason="customer unavailable",
        requested_at=now, requested_by="DERMS", answer="released", answered_at=datetime(2026, 7, 21, 18, tzinfo=UTC),
    )  # fmt: skip
    page = html_of(client.get(url))
    assert "Released while the stage ran, on Tue 21 Jul 14:00 EDT (customer unavailable)." in page


def test_what_the_program_does_not_allow_is_not_offered_and_refused(
    reserved: ProgramEvent, device: Device, url: str, client: Client
) -> None:
    ProgramType.objects.update(allow_to_opt_out=False)
    Program.objects.update(allow_customer_unavailability=False)
    page = client.get(url).content.decode()
    assert "Opt out" not in page
    assert "Set unavailability" not in page
    for act in (opt_out_url(url, reserved, device), f"{url}unavailability/"):
        answer = client.post(act)
        assert answer.status_code == 409
        assert "Back to your devices" in answer.content.decode()
    assert not Participation.objects.filter(preemptive_opt_out=True).exists()


def test_unavailability_shows_what_it_releases_before_it_is_saved(
    reserved: ProgramEvent, device: Device, url: str, client: Client
) -> None:
    given = typed(device, reserved.starts_at - HOUR, reserved.ends_at)
    shown = client.post(f"{url}unavailability/", given)
    assert shown.status_code == 422
    assert "Saving releases 1 reservation" in shown.content.decode()
    assert client.post(f"{url}unavailability/", given | {"seen": shown.context["seen"]})["Location"] == url
    settle()
    period = Unavailability.objects.get()
    assert period.saved_by == "customer"
    assert not Participation.objects.get(program_event_id=reserved.pk, device_id=device.pk).reservation_flag
    cancel = f"{url}unavailability/{period.uid}/cancel/"
    assert cancel in client.get(url).content.decode()
    assert "not reserved again" in client.get(cancel).content.decode()
    assert save(client, cancel, {})["Location"] == url
    assert Unavailability.objects.get().state == "Canceled"


def test_a_link_opens_nothing_of_another_customer(
    reserved: ProgramEvent, device: Device, url: str, client: Client, now: datetime
) -> None:
    other = Device.objects.exclude(pk=device.pk).order_by("pk")[0]
    assert client.post(opt_out_url(url, reserved, other)).status_code == 404
    assert not Participation.objects.filter(preemptive_opt_out=True).exists()
    assert client.post(f"{url}unavailability/", typed(other, now + HOUR, now + 2 * HOUR)).status_code == 422
    period = Unavailability.objects.create(
        device=other, starts_at=now + HOUR, ends_at=now + 2 * HOUR, reason="x", saved_by="cora", saved_at=now
    )
    assert client.post(f"{url}unavailability/{period.uid}/cancel/").status_code == 404
    assert Unavailability.objects.get().state == "Active"


@pytest.mark.django_db
def test_a_bad_link_is_not_found_whoever_exists(client: Client, link: SelfServiceLink) -> None:
    unknown = SelfServiceLink(customer=link.customer).token
    forged = signing.Signer(key="another key", salt="cpm.self_service", sep=".").sign(link.uid.hex)
    answers = [client.get(f"/my-devices/{token}/") for token in (unknown, forged, link.token[:-1], link.uid.hex, "NC1")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert "incomplete" in answers[0].content.decode()


def test_an_expired_and_a_revoked_link_are_gone(client: Client, link: SelfServiceLink, url: str, now: datetime) -> None:
    revoke_link(uid=link.uid, by="cora", now=now)
    for method in (client.get, client.post):
        answer = method(url)
        assert answer.status_code == 410
        assert "no longer works" in answer.content.decode()
    SelfServiceLink.objects.update(revoked_at=None, expires_at=now)
    assert client.post(f"{url}unavailability/").status_code == 410


def test_a_link_is_opened_so_often_in_a_minute_and_no_more(
    client: Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("cpm.views.self_service"), "REQUESTS_A_MINUTE", 2)
    answers = [client.get(url) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert "Wait a minute" in answers[-1].content.decode()


def test_csrs_make_and_revoke_links(customer: Customer, as_csr: Client, as_manager: Client, client: Client) -> None:
    assert as_manager.post("/customers/NC1/links/add/").status_code == 403
    answer = as_csr.post("/customers/NC1/links/add/", follow=True)
    link = SelfServiceLink.objects.get()
    assert answer.redirect_chain == [(f"/customers/NC1/links/{link.uid}/", 302)]
    page = html_of(answer)
    assert f'/my-devices/{link.token}/" readonly' in page
    assert 'data-copy="address"' in page
    assert as_manager.get(f"/customers/NC1/links/{link.uid}/").status_code == 403
    assert as_csr.get(f"/customers/NC2/links/{link.uid}/").status_code == 404
    assert client.get(f"/my-devices/{link.token}/").status_code == 200
    revoke = f"/customers/NC1/links/{link.uid}/revoke/"
    assert as_manager.post(revoke).status_code == 403
    assert as_csr.get(revoke).status_code == 200
    assert as_csr.post(revoke).status_code == 302
    assert link.token not in as_csr.get(f"/customers/NC1/links/{link.uid}/").content.decode()
    assert client.get(f"/my-devices/{link.token}/").status_code == 410
    assert as_csr.post(f"/customers/NC2/links/{link.uid}/revoke/").status_code == 404


def test_forms_are_guarded_against_other_sites(link: SelfServiceLink, url: str) -> None:
    assert Client(enforce_csrf_checks=True).post(f"{url}unavailability/").status_code == 403


def test_a_form_sent_twice_acts_once(allowed: Program, device: Device, url: str, client: Client, now: datetime) -> None:
    given: dict[str, Any] = typed(
        device, now + HOUR, now + timedelta(hours=2), request_key="6f1c7f52-7a0f-4a9f-9a5b-0d3d2a1f4c22"
    )
    for _ in range(2):
        assert client.post(f"{url}unavailability/", given)["Location"] == url
    assert Unavailability.objects.count() == 1
    assert wall(Unavailability.objects.get().starts_at) == given["starts_at"]
