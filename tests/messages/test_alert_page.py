"""Alerts need a person's attention until somebody archives them."""

import uuid
from typing import Any

import pytest
from django.test import Client

from integration.console.context import count_unseen_alerts
from integration.console.models import User
from integration.seam.alerts import acknowledge_alert, archive_alert, raise_alert
from integration.seam.models import Alert, AlertChange, Priority, Seal

LIST = "/alerts/"


@pytest.fixture
def as_operator(operator: User) -> Client:
    return signed_in(operator)


@pytest.fixture
def auditor(approver: User) -> Client:
    return signed_in(approver)


@pytest.fixture
def alert(db: None) -> Alert:
    return raised("late:1", text="DR-2026-0001 stage 1 is late.", event_uid=uuid.uuid4())


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def raised(key: str, **fields: Any) -> Alert:
    raise_alert(key, **{"kind": "stage late", "priority": Priority.MEDIUM, "text": "Late.", **fields})
    return Alert.objects.get(key=key, closed_at=None)


def shown(client: Client, query: str = "") -> list[int]:
    return [row.pk for row in client.get(f"{LIST}?{query}").context["page"].rows]


def test_open_alerts_stand_newest_first(as_operator: Client, alert: Alert) -> None:
    newer = raised("late:2")
    raised("late:1", text="DR-2026-0001 stage 1 is late.")  # again: it counts and moves up
    assert shown(as_operator) == [alert.pk, newer.pk]
    assert as_operator.get(LIST).context["page"].rows[0].count == 2


def test_an_alert_leads_to_its_event(as_operator: Client, alert: Alert) -> None:
    page = as_operator.get(LIST).content.decode()
    assert f"/events/?uid={alert.event_uid}" in page
    assert "DR-2026-0001 stage 1 is late." in page


def test_archive_asks_first_and_then_closes_it_by_name(as_operator: Client, alert: Alert) -> None:
    url = f"/alerts/{alert.pk}/archive/"
    assert "DR-2026-0001 stage 1 is late." in as_operator.get(url).content.decode()
    assert Alert.objects.get(pk=alert.pk).closed_at is None
    assert as_operator.post(url)["Location"] == LIST
    closed = Alert.objects.get(pk=alert.pk)
    assert closed.closed_at
    assert closed.closed_by == "olive"
    assert (shown(as_operator), shown(as_operator, "view=all")) == ([], [alert.pk])


def test_archiving_leaves_a_newer_alert_of_the_same_kind_open(as_operator: Client, alert: Alert) -> None:
    as_operator.post(f"/alerts/{alert.pk}/archive/")
    again = raised("late:1")
    answer = as_operator.post(f"/alerts/{alert.pk}/archive/")
    assert answer.status_code == 409
    assert "was already archived by olive" in answer.content.decode()
    assert Alert.objects.get(pk=again.pk).closed_at is None


def test_acknowledging_names_the_person_and_keeps_it_open(as_operator: Client, alert: Alert) -> None:
    url = f"/alerts/{alert.pk}/acknowledge/"
    assert "It stays open with your name" in as_operator.get(url).content.decode()
    assert Alert.objects.get(pk=alert.pk).acknowledged_at is None
    assert as_operator.post(url, {"note": "Calling the vendor"})["Location"] == LIST
    found = Alert.objects.get(pk=alert.pk)
    assert (found.acknowledged_by, found.note, found.closed_at) == ("olive", "Calling the vendor", None)
    assert shown(as_operator) == shown(as_operator, "acknowledged=yes") == [alert.pk]
    assert shown(as_operator, "acknowledged=no") == []
    assert "Calling the vendor" in as_operator.get(LIST).content.decode()
    assert count_unseen_alerts() == 0
    assert as_operator.post(url).status_code == 409


def test_what_can_no_longer_be_done_to_an_alert_has_a_sentence_and_no_button(as_operator: Client, alert: Alert) -> None:
    acknowledge_alert(alert_id=alert.pk, by="olive")
    page = as_operator.get(f"/alerts/{alert.pk}/acknowledge/").content.decode()
    assert "olive has already acknowledged this alert." in page
    assert "Acknowledge</button>" not in page
    archive_alert(alert_id=alert.pk, by="ada")
    for what, act in (("acknowledge", "Acknowledge"), ("archive", "Archive")):
        page = as_operator.get(f"/alerts/{alert.pk}/{what}/").content.decode()
        assert "already archived by ada" in page
        assert f"{act}</button>" not in page


def test_what_people_do_about_an_alert_is_sealed_history(as_operator: Client, auditor: Client, alert: Alert) -> None:
    as_operator.post(f"/alerts/{alert.pk}/acknowledge/", {"note": "On it"})
    as_operator.post(f"/alerts/{alert.pk}/archive/")
    rows = AlertChange.objects.order_by("pk").values_list("what", "by", "note")
    assert list(rows) == [("acknowledged", "olive", "On it"), ("archived", "olive", "")]
    assert Seal.objects.filter(source="integration_alertchange").count() == 2
    assert "On it" in auditor.get("/audit-trail/?kind=alert").content.decode()
    assert as_operator.post(f"/alerts/{alert.pk}/acknowledge/").status_code == 409


def test_an_alert_that_becomes_more_urgent_counts_again(as_operator: Client, alert: Alert) -> None:
    as_operator.post(f"/alerts/{alert.pk}/acknowledge/", {"note": "On it"})
    raised(alert.key, priority=Priority.LOW)
    raised(alert.key, priority=Priority.LOW)
    assert Alert.objects.get().note == "On it"
    raised(alert.key, priority=Priority.HIGH)
    found = Alert.objects.get()
    assert (found.acknowledged_at, found.acknowledged_by, found.note) == (None, "", "")
    assert count_unseen_alerts() == 1


def test_the_list_is_a_live_part_of_its_own(as_operator: Client, alert: Alert) -> None:
    fragment = as_operator.get(LIST, headers={"HX-Request": "true"}).content.decode()
    assert fragment.split()[:2] == ["<div", 'id="alerts"']
    assert "<html" not in fragment


def test_every_page_counts_what_nobody_has_acknowledged(as_operator: Client, alert: Alert) -> None:
    page = " ".join(as_operator.get("/devices/").content.decode().split())
    assert "<title> (1) Devices" in page
    assert 'data-unseen="1"' in page
    acknowledge_alert(alert_id=alert.pk, by="ada")
    page = " ".join(as_operator.get("/devices/").content.decode().split())
    assert "<title> Devices" in page
    assert 'data-unseen="0"' in page


def test_the_header_shows_the_newest_alert_without_reloading_the_page(
    as_operator: Client, program_manager: User, alert: Alert
) -> None:
    newest = raised("late:2", priority=Priority.HIGH, text="DR-2026-0002 stage 1 is late.")
    header = as_operator.get("/alerts/unseen/", headers={"HX-Request": "true"}).content.decode()
    assert f'data-newest="{newest.pk}"' in header
    assert "DR-2026-0002 stage 1 is late." in header
    assert "DR-2026-0001" not in header
    hidden = signed_in(program_manager).get("/alerts/unseen/").content.decode()
    assert "data-unseen" not in hidden
    assert "late" not in hidden


def test_nothing_open_says_so(as_operator: Client) -> None:
    assert "No open alerts" in as_operator.get(LIST).content.decode()
    assert "No alerts yet" in as_operator.get(f"{LIST}?view=all").content.decode()


def test_approvers_read_and_do_not_archive(approver: User, alert: Alert) -> None:
    client = signed_in(approver)
    assert shown(client) == [alert.pk]
    assert "Archive</a>" not in client.get(LIST).content.decode()
    assert client.post(f"/alerts/{alert.pk}/archive/").status_code == 403
    assert Alert.objects.get(pk=alert.pk).closed_at is None


def test_strangers_get_nothing(csr: User, outsider: User, client: Client, alert: Alert) -> None:
    for person in (csr, outsider):
        assert signed_in(person).get(LIST).status_code == 403
        assert signed_in(person).get(f"/alerts/{alert.pk}/archive/").status_code == 403
    assert client.get(LIST)["Location"].startswith("/account/login/")


def test_alerts_are_narrowed_and_sorted(as_operator: Client, alert: Alert) -> None:
    dead = raised("dead:delivery:1", kind="message", priority=Priority.HIGH, text="It failed 12 times.")
    newest = raised("trying:delivery:2", kind="message", text="It is tried again.")
    assert shown(as_operator, "priority=1") == [dead.pk]
    assert shown(as_operator, "kind=message") == [newest.pk, dead.pk]
    assert shown(as_operator, "q=LATE") == [alert.pk]
    assert shown(as_operator, "sort=priority") == [dead.pk, alert.pk, newest.pk]
    assert shown(as_operator, "sort=last") == [alert.pk, dead.pk, newest.pk]
    assert "No matching alerts" in as_operator.get(f"{LIST}?q=nowhere").content.decode()
