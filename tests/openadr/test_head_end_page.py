"""How a head end is reached is set on its page, which shows what its client has read."""

import shlex
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.test import Client

from integration.console.models import User
from integration.seam.models import Webhook
from integration.seam.service_accounts import ServiceAccount
from lec_sim.models import HeadEndProfile, LecAnswer, LecStage, LecWord
from tests.pages.editing import save

from .conftest import HOUR, SCOPES, VenClient, published
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

    refused = save(as_operator, PAGE, {"driver": "openadr", "client": "", "start_spread_min": 0})
    assert refused.status_code == 422
    assert "Choose the service account that the head end signs in with." in refused.content.decode()
    saved = save(as_operator, PAGE, {"driver": "openadr", "client": ven.account.client_id, "start_spread_min": 0})

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


def test_the_lines_to_try_call_what_they_say(
    ven: VenClient, stage: LecStage, as_operator: Client, account_of: Callable[..., Any], operator: User
) -> None:
    """Each line is taken apart as a shell would and called; VEN_SECRET is what it stands for."""
    account, secret = account_of(operator, "Tried", scopes=SCOPES)
    HeadEndProfile.objects.filter(head_end="HE1").update(client=account.client_id)
    assert "Try it" in as_operator.get(PAGE).content.decode()
    lines = as_operator.get(f"{PAGE}try/").context["lines"]
    signs_in, *calls, example = [shlex.split(one.command.replace("TOKEN=$(", "").replace("|", " ")) for one in lines]
    form = f"grant_type=client_credentials&client_id={account.client_id}&client_secret={secret}"
    assert f"{account.client_id}:$VEN_SECRET" in signs_in
    address = _path(signs_in[signs_in.index("grant_type=client_credentials") + 1])
    token = Client().post(address, form, content_type="application/x-www-form-urlencoded").json()["access_token"]

    found = {}
    for words in calls:
        body, path = (words[words.index("-d") + 1] if "-d" in words else None), _path(words[-1])
        headers = {"Authorization": f"Bearer {token}"}
        send = partial(Client().post, data=body, content_type="application/json") if body else Client().get
        answer = send(path, headers=headers)
        found[path.rpartition("3.1.0/")[2].partition("?")[0]] = answer
        assert words[1:3] == ["-H", "Authorization: Bearer $TOKEN"]
    assert {name: answer.status_code for name, answer in found.items()} == {
        "events": 200, "vens": 200, "resources": 200, "reports": 201, "notifiers": 200, "subscriptions": 201,
    }  # fmt: skip
    assert [one["resourceName"] for one in found["resources"].json()][:1] == [FIRST]
    assert LecWord.objects.filter(stage_id=stage.pk, nic_id=FIRST).exists()
    assert example[-2:] == ["--ven", "HE1"]


def test_what_the_account_may_not_call_is_left_out_and_named(ven: VenClient, as_operator: Client) -> None:
    ServiceAccount.objects.update(scopes=["read_targets"])
    page = as_operator.get(f"{PAGE}try/")
    assert {one.scope for one in page.context["lines"]} == {"", "read_targets"}
    assert "read_ven_objects, write_reports, write_subscriptions" in page.content.decode()
    HeadEndProfile.objects.update(driver="simulated")
    assert "there is nothing to call" in as_operator.get(f"{PAGE}try/").content.decode()


def _path(url: str) -> str:
    return url.removeprefix("http://testserver")
