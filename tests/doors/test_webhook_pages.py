"""The pages of webhooks: made, tested and looked after by administrators, with the secret shown once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from integration.console.models import User
from integration.pages.object_log import object_log
from integration.seam import clock
from integration.seam.models import Webhook, WebhookNotice
from integration.seam.webhooks import keeping
from integration.seam.webhooks.announcing import announce
from integration.seam.webhooks.signing import secret_of
from tests.pages.editing import save

from .test_accounts import as_administrator, stored_anywhere

__all__ = ["as_administrator"]
pytestmark = pytest.mark.django_db
LIST = "/settings/webhooks/"
FORM = {
    "name": "Billing",
    "url": "https://billing.example/hooks?token=abc",
    "owner": "olive",
    "kinds": ["event", "alert"],
    "is_active": "on",
}


def notice_of(hook: Webhook) -> WebhookNotice:
    announce("event", what="event.state", subject="event 1", data=lambda: {"event_number": "DR-2026-0001"})
    return hook.notices.latest("id")


def log_of(hook: Webhook) -> list[tuple[str, str]]:
    return [(entry.sentence, entry.by) for entry in object_log("webhook", object=str(hook.uid))]


def test_a_list_without_webhooks_says_what_they_are_for(as_administrator: Client) -> None:
    page = as_administrator.get(LIST).content.decode()
    assert "Another system is told by one" in page
    assert page.count(f'href="{LIST}new/"') == 2


def test_a_webhook_is_made_on_a_page_and_its_secret_is_shown_once_and_stored_nowhere(
    as_administrator: Client, operator: User
) -> None:
    made = as_administrator.post(f"{LIST}new/", FORM)
    hook = Webhook.objects.get()
    page = f"{LIST}{hook.uid}/"
    assert (made.status_code, made["Location"]) == (302, f"{page}secret/")
    assert (hook.owner, hook.kinds, hook.state) == (operator, ["event", "alert"], "No secret")

    shown = as_administrator.post(f"{page}secret/", {"version": hook.version})
    secret = shown.context["secret"]
    hook.refresh_from_db()
    assert secret == secret_of(hook)
    assert secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert as_administrator.post(f"{page}secret/", {"version": hook.version - 1}).status_code == 409
    for address in (page, f"{page}secret/", f"{page}edit/", LIST):
        assert secret not in as_administrator.get(address).content.decode()
    assert stored_anywhere(secret.removeprefix("whsec_")) == []
    listed = as_administrator.get(LIST).content.decode()
    assert "billing.example" in listed
    assert "token=abc" not in listed  # the rest of an address may be a secret of the receiver's
    assert log_of(hook) == [("Secret: changed", "adam"), ("Created", "adam")]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"url": "http://billing.example/"}, "must begin with https://"),
        ({"url": "https://127.0.0.1/"}, "private, local or reserved"),
        ({"url": "https://me:secret@billing.example/"}, "no password"),
        ({"url": "billing"}, "This is no address"),
        ({"kinds": []}, "required"),
        ({"kinds": ["everything"]}, "everything"),
        ({"kinds": ["enrollment"]}, "olive may not see this"),
        ({"owner": "nobody"}, "Select a valid choice"),
    ],
)
def test_what_can_not_be_is_refused_beside_its_field(
    as_administrator: Client, operator: User, typed: dict[str, Any], sentence: str
) -> None:
    answer = as_administrator.post(f"{LIST}new/", FORM | typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Webhook.objects.exists()


def test_an_edited_webhook_is_saved_and_its_history_says_where_notices_go_now(
    as_administrator: Client, webhook_to: Callable[..., Webhook]
) -> None:
    hook = webhook_to("https://old.example/", kinds=["event"])
    page = f"{LIST}{hook.uid}/edit/"
    assert save(as_administrator, page, FORM | {"kinds": ["event"]}).status_code == 302
    assert log_of(hook)[0] == ("Address: https://old.example/ → https://billing.example/hooks?token=abc", "adam")


def test_a_person_tests_redelivers_and_discards_and_history_names_who(
    as_administrator: Client, webhook_to: Callable[..., Webhook]
) -> None:
    hook = webhook_to("https://billing.example/")
    first = notice_of(hook)
    page = f"{LIST}{hook.uid}/"
    assert as_administrator.post(f"{page}test/").status_code == 302
    assert (hook.notices.latest("id").type, hook.notices.latest("id").asked_by) == ("webhook.test", "adam")

    WebhookNotice.objects.filter(pk=first.pk).update(delivered_at=clock.now(), attempts=1, status=200, ms=7)
    assert "200 in 7 ms" in as_administrator.get(page).content.decode()
    asked = as_administrator.get(f"{page}notices/{first.pk}/redeliver/").content.decode()
    assert "same id and content" in asked
    assert as_administrator.post(f"{page}notices/{first.pk}/redeliver/").status_code == 302
    first.refresh_from_db()
    assert (first.state, first.attempts, first.asked_by) == ("Open", 0, "adam")
    refused = as_administrator.post(f"{page}notices/{first.pk}/redeliver/")
    assert refused.status_code == 409
    assert "waits and will be posted" in refused.content.decode()

    assert as_administrator.post(f"{page}notices/{first.pk}/discard/", {"reason": ""}).status_code == 422
    assert as_administrator.post(f"{page}notices/{first.pk}/discard/", {"reason": "Old news"}).status_code == 302
    first.refresh_from_db()
    assert (first.state, first.discard_reason) == ("Discarded", "Old news")
    newest = log_of(hook)[0]
    assert newest[1] == "adam"
    assert newest[0].startswith(f"Notice {first.pk}: ")
    assert "Reason: — → Old news" in newest[0]


def test_the_page_says_that_a_webhook_is_broken_and_why(
    as_administrator: Client, webhook_to: Callable[..., Webhook]
) -> None:
    hook = webhook_to("https://billing.example/")
    notice = notice_of(hook)
    WebhookNotice.objects.filter(pk=notice.pk).update(dead_at=clock.now(), attempts=16, error="it answered 500")
    Webhook.objects.update(broken_at=clock.now())
    page = as_administrator.get(f"{LIST}{hook.uid}/").content.decode()
    assert "The webhook is broken" in page
    assert "It answered 500" in page
    assert f"/notices/{notice.pk}/redeliver/" in page
    assert log_of(hook)[0][0].startswith("Broken since: — → ")


def test_a_webhook_without_secret_can_not_be_tested_and_the_page_says_what_to_do(
    as_administrator: Client, operator: User
) -> None:
    hook = keeping.add_webhook(
        {"name": "New", "owner": operator, "url": "https://a.example/", "kinds": ["event"]}, by="adam", now=clock.now()
    )
    asked = as_administrator.get(f"{LIST}{hook.uid}/test/").content.decode()
    assert "Make the secret first" in asked
    assert as_administrator.post(f"{LIST}{hook.uid}/test/").status_code == 409


def test_the_notices_of_one_webhook_are_not_reached_through_another(
    as_administrator: Client, webhook_to: Callable[..., Webhook]
) -> None:
    one, other = webhook_to("https://a.example/", name="One"), webhook_to("https://b.example/", name="Other")
    notice = notice_of(one)
    assert as_administrator.get(f"{LIST}{one.uid}/notices/{notice.pk}/discard/").status_code == 200
    assert as_administrator.get(f"{LIST}{other.uid}/notices/{notice.pk}/discard/").status_code == 404
