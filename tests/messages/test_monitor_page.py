"""The message monitor: messages, their receipts, and what an administrator does about dead letters."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from integration.console.models import User
from integration.seam import clock
from integration.seam.messages import EnrollmentAnswer, ProgramRuleSync, StageExecutionStatus
from integration.seam.models import Alert, Delivery, DueWork, Message, Priority
from integration.seam.outbox import send
from integration.seam.program_rules import ProgramRules
from integration.seam.queries import backlog_by_minute
from integration.seam.systems import System
from tests.pages.html import html_of

LIST = "/messages/"


@pytest.fixture
def as_administrator(administrator: User) -> Client:
    return signed_in(administrator)


@pytest.fixture
def as_operator(operator: User) -> Client:
    return signed_in(operator)


@pytest.fixture
def as_outsider(outsider: User) -> Client:
    return signed_in(outsider)


@pytest.fixture
def dead(db: None) -> Delivery:
    """A dead letter with its alert, as delivery.py leaves it."""
    delivery = rule_sync("COOL")
    Delivery.objects.filter(pk=delivery.pk).update(dead_at=clock.now(), attempt=12, error="ValueError: no such program")
    Alert.objects.create(key=f"dead:delivery:{delivery.pk}", kind="message", priority=Priority.HIGH, text="It failed.")
    return Delivery.objects.get(pk=delivery.pk)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def rule_sync(program: str) -> Delivery:
    body = ProgramRuleSync(program=program, name=program, active=True, version=1, rules=ProgramRules())
    return sent(send_now(body, System.CPM))


def answer(nic_id: str) -> Delivery:
    return sent(
        send_now(EnrollmentAnswer(head_end="HE1", nic_id=nic_id, program="COOL", answer="Registered"), System.DERMS)
    )


def send_now(body: Any, sender: Any) -> Message:
    with transaction.atomic():
        return send(body, sender=sender)


def sent(message: Message) -> Delivery:
    return message.deliveries.get()


def shown(client: Client, query: str = "") -> list[int]:
    return [row.pk for row in client.get(f"{LIST}?{query}").context["page"].rows]


def test_every_delivery_is_listed_newest_first(as_operator: Client) -> None:
    first, second = rule_sync("COOL"), answer("N1")
    assert shown(as_operator) == [second.pk, first.pk]


def test_filters_narrow_the_list(as_operator: Client, dead: Delivery) -> None:
    delivered, discarded, waiting = answer("N1"), answer("N2"), answer("N3")
    Delivery.objects.filter(pk=delivered.pk).update(
        delivered_at=clock.now(), receipt={"status": "SUCCESS", "applied": 1}
    )
    Delivery.objects.filter(pk=discarded.pk).update(dead_at=clock.now(), discarded_at=clock.now())
    assert shown(as_operator, "state=open") == [waiting.pk]
    assert shown(as_operator, "state=delivered") == [delivered.pk]
    assert shown(as_operator, "state=discarded") == [discarded.pk]
    assert shown(as_operator, "state=dead") == [dead.pk]
    assert shown(as_operator, "kind=program_rule_sync") == [dead.pk]
    assert shown(as_operator, "receiver=derms") == [dead.pk]
    assert shown(as_operator, "q=HE1/N2") == [discarded.pk]
    assert shown(as_operator, "q=nothing") == []


def test_messages_of_a_stage_are_found_by_the_events_number(as_operator: Client) -> None:
    stage = uuid.uuid4()
    body = StageExecutionStatus(
        stage_uid=stage, state="In Progress", at=clock.now(), started_at=clock.now(), called=0, revision=1
    )
    wanted = sent(send_now(body, System.LEC))
    rule_sync("COOL")
    Message.objects.create(
        kind="stage_status",
        sender=System.DERMS,
        subject="other",
        stage_uid=stage,
        payload={"event_number": "DR-2026-0001"},
    )
    assert shown(as_operator, "q=dr-2026-0001") == [wanted.pk]


def test_pages_follow_one_another(as_operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [answer(f"N{n}").pk for n in range(5)]
    from integration.pages.keyset import keyset_page

    monkeypatch.setitem(keyset_page.__kwdefaults__, "size", 2)
    whole, url = [], LIST
    while url:
        page = as_operator.get(url).context["page"]
        whole += [row.pk for row in page.rows]
        url = LIST + page.next_url if page.next_url else ""
    assert whole == made[::-1]
    assert as_operator.get(f"{LIST}?after=x").status_code == 400


def test_the_list_asks_as_much_of_the_database_for_one_row_as_for_many(
    as_operator: Client, django_assert_num_queries: Any
) -> None:
    answer("N0")
    with django_assert_num_queries(18) as few:
        as_operator.get(LIST)
    for n in range(1, 6):
        answer(f"N{n}")
    with django_assert_num_queries(len(few)):
        as_operator.get(LIST)


def test_dead_letters_stand_first_with_their_error(as_administrator: Client, dead: Delivery) -> None:
    answer("N1")
    page = as_administrator.get(LIST)
    assert list(page.context["dead"]) == [dead]
    assert "ValueError: no such program" in page.content.decode()
    assert f"/deliveries/{dead.pk}/retry/" in page.content.decode()


def test_the_backlog_is_a_live_part_of_its_own(as_operator: Client, dead: Delivery) -> None:
    answer("N1")
    fragment = as_operator.get(LIST, headers={"HX-Request": "true"})
    assert fragment.context["backlog"][0] == 1
    assert fragment.context["backlog"].dead == 1
    assert fragment.content.decode().strip().startswith('<div class="stack" id="backlog" hx-get="/messages/"')
    assert "<html" not in fragment.content.decode()


def test_the_page_of_a_message_shows_payload_deliveries_and_refused_rows(as_operator: Client, dead: Delivery) -> None:
    dead.refused_rows.create(head_end="HE1", nic_id="N9", reason="refused: no such device")
    page = as_operator.get(f"/messages/{dead.message.uid}/")
    text = page.content.decode()
    assert "&quot;program&quot;: &quot;COOL&quot;" in text
    assert "HE1/N9" in text
    assert "refused: no such device" in text
    assert "/retry/" not in text  # an operator can only read
    assert as_operator.get(f"/messages/{uuid.uuid4()}/").status_code == 404


def test_no_more_than_a_hundred_refused_rows_are_shown(as_operator: Client, dead: Delivery) -> None:
    for n in range(103):
        dead.refused_rows.create(head_end="HE1", nic_id=f"N{n}", reason="refused")
    assert len(as_operator.get(f"/messages/{dead.message.uid}/").context["refused"]) == 100


def test_retry_asks_first_and_then_gives_all_attempts_again(as_administrator: Client, dead: Delivery) -> None:
    url = f"/deliveries/{dead.pk}/retry/"
    assert "12 more attempts" in as_administrator.get(url).content.decode()
    assert Delivery.objects.get(pk=dead.pk).dead_at
    assert as_administrator.post(url)["Location"] == f"/messages/{dead.message.uid}/"
    delivery = Delivery.objects.get(pk=dead.pk)
    assert (delivery.dead_at, delivery.state, delivery.attempt - delivery.given_back) == (None, "Open", 0)
    assert not Alert.objects.filter(closed_at=None).exists()


def test_retry_of_what_is_not_dead_any_more_says_so_and_changes_nothing(as_administrator: Client) -> None:
    delivery = answer("N1")
    page = as_administrator.post(f"/deliveries/{delivery.pk}/retry/", follow=True).content.decode()
    assert "Nothing was done" in page
    assert Delivery.objects.get(pk=delivery.pk).given_back == 0


def test_discard_keeps_name_and_reason(as_administrator: Client, dead: Delivery) -> None:
    as_administrator.post(f"/deliveries/{dead.pk}/discard/", {"reason": "Sent again by hand"})
    delivery = Delivery.objects.get(pk=dead.pk)
    assert (delivery.state, delivery.discarded_by, delivery.discard_reason) == (
        "Discarded", "adam", "Sent again by hand",
    )  # fmt: skip
    assert Alert.objects.get().closed_by == "adam"


def test_discard_without_a_reason_changes_nothing(as_administrator: Client, dead: Delivery) -> None:
    for reason in ("", "   ", "x" * 201):
        page = as_administrator.post(f"/deliveries/{dead.pk}/discard/", {"reason": reason})
        assert page.status_code == 422
    assert "Say why it is discarded" in as_administrator.post(f"/deliveries/{dead.pk}/discard/").content.decode()
    assert Delivery.objects.get(pk=dead.pk).discarded_at is None


def test_dead_work_of_the_clock_is_listed_and_retried(as_administrator: Client) -> None:
    work = DueWork.objects.create(
        name="start stage", object_id=7, queue="small", attempt=12, dead_at=clock.now(), error="TypeError: x"
    )
    assert "start stage" in as_administrator.get(LIST).content.decode()
    assert "start stage 7" in as_administrator.get(f"/due-work/{work.pk}/retry/").content.decode()
    assert as_administrator.post(f"/due-work/{work.pk}/retry/")["Location"] == LIST
    assert DueWork.objects.get(pk=work.pk).dead_at is None


def test_dead_work_at_fixed_times_is_about_no_object(as_administrator: Client) -> None:
    work = DueWork.objects.create(name="seal history", queue="small", attempt=12, dead_at=clock.now(), error="E: x")
    page = " ".join(as_administrator.get(LIST).content.decode().split())
    assert 'seal history <small class="note"> due work </small>' in page
    assert "seal history" in as_administrator.get(f"/due-work/{work.pk}/retry/").content.decode()


def test_only_an_administrator_retries_and_discards(
    as_operator: Client, as_outsider: Client, client: Client, dead: Delivery
) -> None:
    for verb in ("retry", "discard"):
        url = f"/deliveries/{dead.pk}/{verb}/"
        for stranger in (as_operator, as_outsider):
            assert stranger.get(url).status_code == 403
            assert stranger.post(url, {"reason": "x"}).status_code == 403
        assert client.post(url, {"reason": "x"})["Location"].startswith("/account/login/")
    assert Delivery.objects.get(pk=dead.pk).state == "Dead"


def test_strangers_read_nothing(as_outsider: Client, client: Client, dead: Delivery) -> None:
    for url in (LIST, f"/messages/{dead.message.uid}/"):
        assert as_outsider.get(url).status_code == 403
        assert client.get(url)["Location"].startswith("/account/login/")


def test_an_empty_monitor_says_what_comes_next(as_operator: Client) -> None:
    assert "No messages yet" in as_operator.get(LIST).content.decode()


def test_the_backlog_over_time_counts_what_was_open_at_each_minute(as_operator: Client) -> None:
    now = clock.now().replace(second=0, microsecond=0)
    for opened, closed in ((90, None), (70, 30), (40.5, 20.5), (5.4, 5.2)):
        delivery = rule_sync(f"P{opened}")
        times = {"created_at": now - timedelta(minutes=opened)}
        times |= {"delivered_at": now - timedelta(minutes=closed)} if closed else {}
        Delivery.objects.filter(pk=delivery.pk).update(**times)
    hour = {int((now - minute).total_seconds() // 60): count for minute, count in backlog_by_minute(now)}
    assert len(hour) == 61
    assert [hour[ago] for ago in (60, 41, 40, 31, 30, 21, 20, 5, 0)] == [2, 2, 3, 3, 2, 2, 1, 1, 1]
    fragment = html_of(as_operator.get(f"{LIST}?hour", headers={"HX-Request": "true"}))
    assert fragment.startswith('<section class="card" id="backlog-hour"')
    assert fragment.count("<tr> <td>") == 61
    assert "Open deliveries minute by minute" in as_operator.get(LIST).content.decode()


def test_what_is_open_counts_however_many_came_after_it(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integration.seam.queries.NEWEST", 1)
    now = clock.now()
    for program in ("A", "B"):
        Delivery.objects.filter(pk=rule_sync(program).pk).update(created_at=now - timedelta(minutes=10))
    assert backlog_by_minute(now)[-1].deliveries == 2
