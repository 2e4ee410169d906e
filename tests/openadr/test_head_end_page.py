"""How a head end is reached is set on its page, which shows what its client has read."""

from datetime import datetime

import pytest
from django.test import Client

from integration.console.models import User
from integration.seam.models import Webhook
from lec_sim.models import HeadEndProfile, LecAnswer, LecStage
from tests.pages.editing import save

from .conftest import HOUR, VenClient, published
from .test_subscriptions import subscribe
from .test_ven_reports import FIRST, says

pytestmark = pytest.mark.django_db
PAGE = "/live-energy-connect/head-ends/HE1/"


@pytest.fixture
def as_operator(operator: User, client: Client) -> Client:
    client.force_login(operator)
    return client


def test_a_head_end_is_given_a_client_that_then_reads_what_waits(
    ven: VenClient, as_operator: Client, now: datetime
) -> None:
    HeadEndProfile.objects.filter(head_end="HE1").update(driver="simulated", client="")
    stage = published(now)
    assert ven.found("events") == []

    refused = save(as_operator, PAGE, {"driver": "openadr", "client": ""})
    assert refused.status_code == 422
    assert "Choose the service account that the head end signs in with." in refused.content.decode()
    saved = save(as_operator, PAGE, {"driver": "openadr", "client": ven.account.client_id})

    assert saved.status_code == 302
    assert [one["id"] for one in ven.found("events")] == [str(stage.stage_uid)]


def test_the_page_shows_what_was_read(ven: VenClient, stage: LecStage, as_operator: Client, now: datetime) -> None:
    later = published(now, starts_at=now + 3 * HOUR, devices=2)
    assert as_operator.get(PAGE).content.decode().count("not read yet") == 2

    ven.found("events", targets=f"stage-{later.stage_uid}")

    page = as_operator.get(PAGE)
    assert page.content.decode().count("not read yet") == 1
    first, second = page.context["told"]
    assert (first.stage, first.first_read_at is None) == (later, False)
    assert (second.stage, second.first_read_at) == (stage, None)
    assert page.context["ven"].last_seen_at is not None


def test_the_page_shows_what_was_answered_and_reported_and_where_it_wants_to_be_told(
    ven: VenClient, stage: LecStage, as_operator: Client, now: datetime
) -> None:
    other = {"at": now, "answered_at": now, "overridden_at": None, "power_w": 0}
    LecAnswer.objects.create(stage=stage, head_end="HE1", nic_id=FIRST, answer="takes part", **other)
    LecAnswer.objects.create(stage=stage, head_end="HE1", nic_id="N0000002", answer="silent", **other)
    LecAnswer.objects.create(stage=stage, head_end="HE2", nic_id=FIRST, answer="takes part", **other)
    assert ven.post("reports", says(stage, "IDLE_NORMAL") | {"reportName": "Status"}).status_code == 201
    subscribe(ven, objects=["EVENT"])
    Webhook.objects.update(broken_at=now)

    page = as_operator.get(PAGE)

    (told,) = page.context["told"]
    assert (told.answered, told.report_count) == (1, 1)
    (report,), (callback,) = page.context["reports"], page.context["callbacks"]
    assert (report.name, report.resources, callback.webhook.state) == ("Status", 1, "Broken")
    text = page.content.decode()
    for words in ("Where it wants to be told", "ven.example", "Broken", "What it reported last", "Status"):
        assert words in text
    assert "/callbacks" not in text, "the rest of an address may be a secret"
