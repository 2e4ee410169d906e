"""Subscriptions of vens' clients, and the notifications that are posted to their callbacks."""

import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from integration.console.models import User
from integration.seam import clock
from integration.seam.history import ObjectChange
from integration.seam.models import Alert, Webhook, WebhookNotice
from integration.seam.scheduler import batches, claim_due, find_due, perform
from integration.seam.service_accounts import ServiceAccount
from integration.seam.webhooks.keeping import send_test
from integration.seam.webhooks.marking import ATTEMPTS
from lec_sim.drivers import DRIVERS
from lec_sim.models import LecStage, Subscription
from lec_sim.operations.subscriptions import MOST_SUBSCRIPTIONS
from tests.doors import receivers
from tests.doors.conftest import authority, loopback  # noqa: F401  (fixtures)
from tests.doors.hooks import pass_time, post
from tests.doors.receivers import Receiver, receiving

from .conftest import ROOT, VenClient, published

pytestmark = pytest.mark.django_db
URL = "https://ven.example/callbacks"
TOKEN = "NCEJGI9E8ER9802UT9HUG"  # noqa: S105  (the specification's example)


def wanted(url: str = URL, *, objects: Any = ("EVENT", "VEN", "PROGRAM"), **more: Any) -> dict[str, Any]:
    operations = {
        "objects": list(objects),
        "operations": ["CREATE", "UPDATE"],
        "callbackUrl": url,
        "bearerToken": TOKEN,
    }
    return {"clientName": "The ven", "objectOperations": [operations], "programID": None, "targets": None, **more}


def send(ven: VenClient, method: str, address: str, body: Any = None) -> Any:
    call = getattr(Client(), method)
    return call(ROOT + address, body, content_type="application/json", headers=ven.header)


def subscribe(ven: VenClient, url: str = URL, **more: Any) -> dict[str, Any]:
    answer = send(ven, "post", "subscriptions", wanted(url, **more))
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def work() -> None:
    """Do what is due by the clock, and post what follows."""
    for _turn in range(2):
        find_due()
        for batch in batches(claim_due()):
            perform(batch)
    post()


def told(receiver: Receiver) -> list[tuple[str, str]]:
    return [(one.content["objectType"], one.content["operation"]) for one in receiver.posted]


def test_a_client_makes_reads_changes_and_deletes_its_subscription(ven: VenClient) -> None:
    made = subscribe(ven)
    address = f"subscriptions/{made['id']}"
    assert made["objectType"] == "SUBSCRIPTION"
    assert made["clientID"] == ven.account.client_id
    assert made["objectOperations"] == wanted()["objectOperations"]
    assert "targets" not in made
    assert ven.found(address) == made
    assert ven.found("subscriptions") == [made]
    changed = send(ven, "put", address, wanted("https://ven.example/other", targets=["stage-1"])).json()
    assert changed["objectOperations"][0]["callbackUrl"] == "https://ven.example/other"
    assert (changed["id"], changed["targets"]) == (made["id"], ["stage-1"])
    assert changed["modificationDateTime"] > changed["createdDateTime"] == made["createdDateTime"]
    assert Webhook.objects.count() == 1
    assert send(ven, "delete", address).json() == changed
    assert ven.get(address).status_code == 404
    assert (ven.found("subscriptions"), Webhook.objects.count()) == ([], 0)


def test_subscriptions_are_found_by_program_name_and_kinds(ven: VenClient) -> None:
    one = subscribe(ven, programID="program-1")
    other = subscribe(ven, clientName="Other", objects=["REPORT"])
    assert ven.found("subscriptions", programID="program-1") == [one]
    assert ven.found("subscriptions", clientName="Other") == [other]
    assert ven.found("subscriptions", objects=["EVENT", "PROGRAM"]) == [one]
    assert ven.found("subscriptions", skip=1, limit=50) == [other]
    assert ven.found("subscriptions", limit=0) == []
    assert ven.get("subscriptions", {"objects": "HOUSE"}).status_code == 400
    assert ven.get("subscriptions", {"targets": "a"}).status_code == 400


def test_nobody_sees_or_touches_another_clients_subscription(ven: VenClient, ven_of: Callable[..., VenClient]) -> None:
    address = f"subscriptions/{subscribe(ven)['id']}"
    other = ven_of("HE2")
    assert other.found("subscriptions") == []
    assert other.get(address).status_code == 404
    assert send(other, "put", address, wanted()).status_code == 404
    assert send(other, "delete", address).status_code == 404
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"clientName": None}, "clientName"),
        ({"objectOperations": None}, "objectOperations"),
        ({"objectOperations": [{"objects": ["EVENT"], "operations": ["CREATE"]}]}, "objectOperations.0.callbackUrl"),
        ({"objectOperations": [{**wanted()["objectOperations"][0], "objects": ["HOUSE"]}]}, "objects.0"),
        ({"objectOperations": [{**wanted()["objectOperations"][0], "operations": ["PATCH"]}]}, "operations.0"),
        ({"objectOperations": [{**wanted()["objectOperations"][0], "bearerToken": "a\r\nX: 1"}]}, "bearerToken"),
        ({"targets": [""]}, "targets.0"),
    ],
)
def test_a_wrong_body_is_refused_with_its_place(ven: VenClient, body: dict[str, Any], place: str) -> None:
    answer = send(ven, "post", "subscriptions", wanted() | body)
    assert answer.status_code == 400
    assert place in answer.json()["detail"]
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("url", ["http://ven.example/", "https://127.0.0.1/", "https://[::ffff:10.0.0.1]/", "ven"])
def test_a_callback_that_is_never_called_is_refused_at_once(ven: VenClient, url: str) -> None:
    answer = send(ven, "post", "subscriptions", wanted(url))
    assert answer.status_code == 400
    assert "objectOperations.0.callbackUrl" in answer.json()["detail"]


def test_a_client_has_a_limited_number_of_subscriptions(ven: VenClient) -> None:
    for _number in range(MOST_SUBSCRIPTIONS):
        subscribe(ven)
    answer = send(ven, "post", "subscriptions", wanted())
    assert answer.status_code == 409
    assert "20 subscriptions" in answer.json()["detail"]


def test_a_token_is_not_readable_in_the_database_and_not_in_history(ven: VenClient) -> None:
    subscribe(ven)
    (hook,) = Webhook.objects.all()
    assert TOKEN not in hook.authorization
    changes = ObjectChange.objects.filter(kind="webhook")
    assert [one.fields["authorization"] for one in changes] == ["hidden"]
    assert [one.fields["url"] for one in changes] == [[None, URL]]


def test_a_stage_is_posted_with_its_program_when_it_is_new_and_when_it_changes(
    loopback: ssl.SSLContext,  # noqa: F811
    ven: VenClient,
    now: datetime,
) -> None:
    with receiving(loopback) as receiver:
        subscribe(ven, receiver.url)
        stage = published(clock.now())
        work()
        assert told(receiver) == [("PROGRAM", "CREATE"), ("EVENT", "CREATE"), ("VEN", "UPDATE")]
        program, event, changed = (one.content["object"] for one in receiver.posted)
        assert event == ven.found(f"events/{stage.stage_uid}")
        assert changed == ven.found("vens")[0]
        assert program == ven.found("programs")[0]
        assert {one.headers["authorization"] for one in receiver.posted} == {f"Bearer {TOKEN}"}
        assert "webhook-signature" not in receiver.posted[0].headers

        receiver.posted.clear()
        for _time in range(3):
            DRIVERS["openadr"].withdraw(stage, head_end="HE1", nic_ids=["N1"], now=clock.now())
        work()
        assert told(receiver) == [("EVENT", "UPDATE"), ("VEN", "UPDATE")]  # the latest state, once
        work()
        assert len(receiver.posted) == 2


@pytest.mark.parametrize(
    "end",
    [
        lambda account: ServiceAccount.objects.filter(pk=account.pk).update(scopes=["read_ven_objects"]),
        lambda account: ServiceAccount.objects.filter(pk=account.pk).update(expires_on=date(2026, 1, 1)),
        lambda account: ServiceAccount.objects.filter(pk=account.pk).update(is_active=False),
        lambda account: account.owner.groups.clear(),
        lambda account: User.objects.filter(pk=account.owner_id).update(is_active=False),
    ],
    ids=["scope", "last day", "off", "roles of the owner", "owner"],
)
def test_nothing_is_posted_that_the_account_may_not_read_any_more(
    loopback: ssl.SSLContext,  # noqa: F811
    ven: VenClient,
    end: Callable[[ServiceAccount], object],
) -> None:
    with receiving(loopback) as receiver:
        subscribe(ven, receiver.url, objects=["EVENT"])
        stage = published(clock.now())
        DRIVERS["openadr"].cancel(stage, now=clock.now())
        find_due()
        for batch in batches(claim_due()):
            perform(batch)  # the first notice waits to be posted
        assert WebhookNotice.objects.exists()
        end(ven.account)
        stage = published(clock.now() + timedelta(minutes=1))
        work()
        assert receiver.posted == []
    assert WebhookNotice.objects.filter(discarded_at=None).count() == 0


def test_a_callback_belongs_to_its_accounts_present_owner(
    loopback: ssl.SSLContext,  # noqa: F811
    ven: VenClient,
    operator: User,
    second_operator: User,
) -> None:
    with receiving(loopback) as receiver:
        subscribe(ven, receiver.url, objects=["EVENT"])
        User.objects.filter(pk=operator.pk).update(is_active=False)
        ServiceAccount.objects.filter(pk=ven.account.pk).update(owner=second_operator)
        published(clock.now())
        work()
    assert told(receiver) == [("EVENT", "CREATE")]


def test_only_what_is_subscribed_to_is_posted(
    loopback: ssl.SSLContext,  # noqa: F811
    ven: VenClient,
    ven_of: Callable[..., VenClient],
) -> None:
    other = ven_of("HE2")  # no device of the stage
    with receiving(loopback) as receiver, receiving(loopback) as strange:
        subscribe(ven, receiver.url, objects=["EVENT"], targets=["stage-another"])
        subscribe(ven, receiver.url, objects=["EVENT"], programID="program-99999")
        subscribe(ven, receiver.url, objects=["REPORT", "RESOURCE"])
        subscribe(other, strange.url)
        stage = published(clock.now())
        work()
        assert (receiver.posted, strange.posted) == ([], [])
        subscribe(ven, receiver.url, objects=["EVENT"], targets=[f"stage-{stage.stage_uid}", "x"])
        DRIVERS["openadr"].cancel(stage, now=clock.now())
        work()
    assert told(receiver) == [("EVENT", "UPDATE")]


def test_a_clients_own_reports_are_posted_when_they_are_made_changed_and_deleted(
    loopback: ssl.SSLContext,  # noqa: F811
    ven: VenClient,
    stage: LecStage,
) -> None:
    state = {"id": 0, "payloads": [{"type": "OPERATING_STATE", "values": ["IDLE_NORMAL"]}]}
    sent = {
        "eventID": str(stage.stage_uid),
        "clientName": "HE1",
        "resources": [{"resourceName": "N0000001", "intervals": [state]}],
    }
    everything = {"objects": ["REPORT"], "operations": ["CREATE", "UPDATE", "DELETE"], "bearerToken": None}
    with receiving(loopback) as receiver:
        subscribe(ven, objectOperations=[{**everything, "callbackUrl": receiver.url}])
        subscribe(ven, objectOperations=[{**everything, "callbackUrl": receiver.url}], targets=["stage-another"])
        made = ven.post("reports", sent).json()
        ven.put(f"reports/{made['id']}", {**sent, "reportName": "again"})
        ven.delete(f"reports/{made['id']}")
        post()
    assert told(receiver) == [("REPORT", "CREATE"), ("REPORT", "UPDATE"), ("REPORT", "DELETE")]
    assert [one.content["object"].get("reportName") for one in receiver.posted] == [None, "again", "again"]
    assert receiver.posted[0].content["object"] == made


def test_what_was_before_a_subscription_is_not_posted(
    loopback: ssl.SSLContext,  # noqa: F811
    ven: VenClient,
    stage: LecStage,
) -> None:
    with receiving(loopback) as receiver:
        subscribe(ven, receiver.url)
        work()
    assert receiver.posted == []


def test_an_account_that_is_off_or_whose_owner_left_is_told_nothing(
    loopback: ssl.SSLContext,  # noqa: F811
    ven: VenClient,
    operator: User,
) -> None:
    with receiving(loopback) as receiver:
        subscribe(ven, receiver.url)
        operator.is_active = False
        operator.save()
        published(clock.now())
        work()
    assert (receiver.posted, WebhookNotice.objects.count()) == ([], 0)


def test_a_callback_that_fails_is_broken_with_an_alert_and_a_test_posts_its_own_subscription(
    loopback: ssl.SSLContext,  # noqa: F811
    ven: VenClient,
) -> None:
    with receiving(loopback, receivers.status(500)) as receiver:
        made = subscribe(ven, receiver.url, objects=["EVENT"])
        published(clock.now())
        work()
        for _turn in range(ATTEMPTS):
            pass_time()
            post()
        hook = Webhook.objects.get()
        assert (hook.state, hook.kind_labels) == ("Broken", ["OpenADR"])
        assert Alert.objects.filter(closed_at=None, kind="webhook", priority=1).exists()
        receiver.answer = receivers.status(200)
        receiver.posted.clear()
        send_test(pk=hook.pk, by="adam")
        post()
    assert told(receiver) == [("SUBSCRIPTION", "READ"), ("EVENT", "CREATE")]
    assert receiver.posted[0].content["object"] == made
    assert not Alert.objects.filter(closed_at=None).exists()


def test_a_callback_has_a_page_but_is_not_edited_there(client: Client, ven: VenClient, administrator: User) -> None:
    subscribe(ven)
    client.force_login(administrator)
    hook = Webhook.objects.get()
    page = client.get(f"/settings/webhooks/{hook.uid}/").content.decode()
    assert "OpenADR" in page
    assert f"/settings/webhooks/{hook.uid}/edit/" not in page
    for address in ("edit", "secret"):
        assert client.get(f"/settings/webhooks/{hook.uid}/{address}/").status_code == 404


def test_notifiers_say_that_there_are_webhooks(ven: VenClient) -> None:
    assert ven.found("notifiers") == {"WEBHOOK": True}


def test_a_change_of_the_subscription_drops_what_waits_at_the_former_address(ven: VenClient) -> None:
    made = subscribe(ven, "https://localhost:9/")
    Webhook.objects.update(rests_until=clock.now() + timedelta(hours=1))
    published(clock.now())
    work()
    assert WebhookNotice.objects.exists()
    send(ven, "put", f"subscriptions/{made['id']}", wanted())
    assert not WebhookNotice.objects.exists()


def test_twenty_vens_are_told_of_a_stage_within_ten_seconds(
    loopback: ssl.SSLContext,  # noqa: F811
    ven_of: Callable[..., VenClient],
) -> None:
    """What is posted does not depend on how many devices a stage has."""
    names = [f"HE{number}" for number in range(20)]
    with ExitStack() as stack:
        told_vens = [stack.enter_context(receiving(loopback)) for _name in names]
        for name, receiver in zip(names, told_vens, strict=True):
            subscribe(ven_of(name), receiver.url, objects=["EVENT"])
        published(clock.now(), head_ends=tuple(names), devices=500)
        began = time.monotonic()
        work()
        took = time.monotonic() - began
    assert [told(one) for one in told_vens] == [[("EVENT", "CREATE")]] * 20
    assert took < 10
