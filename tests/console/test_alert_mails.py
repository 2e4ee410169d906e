"""People are e-mailed the open alerts that they ask for, once each, and together if there are many."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.test import Client

from integration.console.alert_mails import PAUSE
from integration.console.models import AlertTold, User
from integration.seam import clock, sql
from integration.seam.alerts import acknowledge_alert, raise_alert
from integration.seam.models import Alert, DueWork, Priority
from integration.seam.settling import settle
from tests.pages.editing import save
from tests.pages.html import html_of
from tests.smtp import Sink, receiving

pytestmark = pytest.mark.django_db(transaction=True)

MANY = """
INSERT INTO integration_alert (key, kind, priority, text, count, closed_by)
SELECT 'many ' || n, 'head end silent', 2, 'Late ' || n, 1, '' FROM generate_series(1, 10000) n
"""


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    with receiving(settings, Sink()) as received:
        yield received


@pytest.fixture
def olive(operator: User) -> User:
    return asks(operator, "olive@example.invalid", Priority.HIGH)


def asks(person: User, address: str, priority: int, after_min: int = 0) -> User:
    person.email, person.alerts_from, person.alerts_after_min = address, priority, after_min
    person.save()
    return person


def alert(key: str, priority: int = Priority.HIGH, text: str = "Something is late.") -> Alert:
    raise_alert(key, kind="head end silent", priority=priority, text=text)
    return Alert.objects.get(key=key, closed_at=None)


def body(email: EmailMessage) -> str:
    return bytes(email.get_payload(decode=True)).decode()


def pause_is_over() -> None:
    AlertTold.objects.update(at=clock.now() - PAUSE)


def test_the_first_alert_comes_at_once_and_those_of_the_next_minutes_in_one_e_mail(olive: User, sink: Sink) -> None:
    alert("a", text="The first is late.")
    settle()
    (first,) = sink.received
    assert (first["To"], first["Subject"]) == ("olive@example.invalid", "Gridcall: 1 alert (High)")
    assert "The first is late." in body(first)

    for key in ("b", "c"):
        alert(key, text=f"Then {key}.")
    settle()
    assert len(sink.received) == 1

    pause_is_over()
    settle()
    settle()
    _, second = sink.received
    assert second["Subject"] == "Gridcall: 2 alerts, the most urgent: High"
    text = body(second)
    assert ("Then b." in text, "Then c." in text, "The first" in text) == (True, True, False)


def test_only_alerts_that_are_urgent_enough_and_wait_for_long_enough_come(
    operator: User, approver: User, sink: Sink
) -> None:
    asks(operator, "olive@example.invalid", Priority.MEDIUM)
    asks(approver, "ada@example.invalid", Priority.LOW, after_min=15)
    low, medium, taken = alert("low", Priority.LOW), alert("medium", Priority.MEDIUM), alert("taken")
    acknowledge_alert(alert_id=taken.pk, by="ada")

    settle()
    assert sink.recipients() == ["olive@example.invalid"]
    assert set(AlertTold.objects.values_list("alert", flat=True)) == {medium.pk}

    Alert.objects.filter(pk__in=[low.pk, taken.pk]).update(opened_at=clock.now() - timedelta(minutes=16))
    settle()
    assert sink.recipients() == ["ada@example.invalid", "olive@example.invalid"]
    assert set(AlertTold.objects.filter(person=approver).values_list("alert", flat=True)) == {low.pk}


def test_an_alert_that_becomes_more_urgent_comes_again(operator: User, sink: Sink) -> None:
    asks(operator, "olive@example.invalid", Priority.LOW)
    alert("a", Priority.LOW)
    settle()
    alert("a", Priority.LOW)
    pause_is_over()
    settle()
    assert len(sink.received) == 1

    alert("a", Priority.HIGH)
    settle()
    assert [one["Subject"] for one in sink.received] == ["Gridcall: 1 alert (Low)", "Gridcall: 1 alert (High)"]
    assert len({one["Message-ID"] for one in sink.received}) == 2


def test_ten_thousand_alerts_are_one_e_mail(operator: User, sink: Sink) -> None:
    asks(operator, "olive@example.invalid", Priority.LOW)
    sql.execute(MANY)
    settle()
    (email,) = sink.received
    text = body(email)
    assert text.count("Late ") == 20
    assert "And 9980 more." in text
    assert AlertTold.objects.count() == 10_000


def test_an_address_that_is_refused_costs_nobody_else_and_is_an_alert(
    operator: User, approver: User, sink: Sink
) -> None:
    asks(operator, "olive@example.invalid\u200f", Priority.HIGH)
    asks(approver, "ada@example.invalid", Priority.MEDIUM)
    alert("a")
    settle()
    pause_is_over()
    settle()
    settle()

    failed = Alert.objects.get(kind="alert not e-mailed")
    assert (failed.count, "olive (" in failed.text, "example" in failed.text) == (1, True, False)
    assert set(sink.recipients()) == {"ada@example.invalid"}
    assert "".join(map(body, sink.received)).count("Alerts could not be e-mailed to olive") == 1
    assert not DueWork.objects.exists()


def test_while_the_mail_server_is_away_nothing_is_lost_and_nothing_comes_twice(
    olive: User, sink: Sink, settings: Any
) -> None:
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    alert("a")
    with pytest.raises(TimeoutError):
        settle(timeout_s=1)
    work = DueWork.objects.get()
    assert "the mail server doesn't take e-mails now: ConnectionRefusedError" in work.error
    assert not AlertTold.objects.exists()

    settings.EMAIL_PORT = there
    DueWork.objects.update(due_at=clock.now())
    settle()
    settle()
    assert sink.recipients() == ["olive@example.invalid"]


def test_an_address_that_is_refused_for_now_waits_and_holds_up_nobody(
    operator: User, approver: User, settings: Any
) -> None:
    class Greylisting(Sink):
        waits = True

        async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            if address.startswith("olive") and self.waits:
                return "450 Come again later"
            envelope.rcpt_tos.append(address)
            return "250 OK"

    asks(operator, "olive@example.invalid", Priority.HIGH)
    asks(approver, "ada@example.invalid", Priority.HIGH)
    with receiving(settings, Greylisting()) as sink:
        alert("a")
        with pytest.raises(TimeoutError):
            settle(timeout_s=1)
        assert sink.recipients() == ["ada@example.invalid"]
        assert not Alert.objects.filter(kind="alert not e-mailed").exists()

        sink.waits = False
        DueWork.objects.update(due_at=clock.now())
        settle()
        assert sink.recipients() == ["ada@example.invalid", "olive@example.invalid"]


def test_who_may_not_see_alerts_is_neither_asked_nor_e_mailed(csr: User, sink: Sink, client: Client) -> None:
    asks(csr, "cora@example.invalid", Priority.LOW)
    alert("a")
    settle()
    client.force_login(csr)
    assert "E-mail me alerts" not in html_of(client.get("/profile/"))
    assert sink.received == []


def test_an_e_mail_is_in_the_readers_language_and_names_the_address_to_acknowledge_at(
    olive: User, sink: Sink, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://gridcall.example"
    User.objects.filter(pk=olive.pk).update(language="de")
    alert("a")
    settle()
    (email,) = sink.received
    text = body(email)
    assert email["Subject"] == "Gridcall: 1 Warnung (Hoch)"
    assert "https://gridcall.example/alerts/" in text


def test_e_mails_are_chosen_in_ones_settings_by_who_has_an_address(client: Client, operator: User) -> None:
    client.force_login(operator)
    chosen = {"language": "en", "time_zone": "UTC", "theme": "auto", "alerts_from": "1", "alerts_after_min": "15"}
    refused = save(client, "/profile/", chosen)
    assert refused.status_code == 422
    assert "Your account has no e-mail address." in html_of(refused)

    User.objects.filter(pk=operator.pk).update(email="olive@example.invalid")
    assert save(client, "/profile/", chosen).status_code == 302
    operator.refresh_from_db()
    assert (operator.alerts_from, operator.alerts_after_min) == (1, 15)
