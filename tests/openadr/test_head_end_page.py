"""How a head end is reached is set on its page, which shows what its client has read."""

from datetime import datetime

import pytest
from django.test import Client

from integration.console.models import User
from lec_sim.models import HeadEndProfile, LecStage
from tests.pages.editing import save

from .conftest import HOUR, VenClient, published

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
