"""Abort: an administrator ends an event in whatever state it is stuck, and everything it held is released."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cpm.models import ProgramEvent
from derms import operations
from derms.models import Event, Stage
from integration.console.models import User
from integration.seam import clock
from integration.seam.delivery import NotYet
from integration.seam.models import Alert, Priority
from integration.seam.refusals import Refused
from integration.seam.settling import settle
from lec_sim.models import LecStage
from tests import walk
from tests.threads import run_together

STUCK_IN = ("New", "Submitted", "Denied", "Approved", "Scheduled", "In Progress")


def abort(event: Event, by: User, reason: str = "It hangs") -> None:
    operations.abort_event(event_id=event.pk, by=by, now=clock.now(), reason=reason)


@pytest.mark.django_db
@pytest.mark.parametrize("state", STUCK_IN)
def test_an_open_event_is_canceled_with_its_stages_and_the_reason_is_kept_and_alerted(
    state: str, event_in: Callable[..., Event], administrator: User
) -> None:
    event = event_in(state)
    abort(event, administrator)
    event.refresh_from_db()
    assert event.state == "Canceled"
    assert set(event.stages.values_list("state", flat=True)) == {"Canceled"}
    last = event.transitions.filter(stage=None).latest("revision")
    assert (last.from_state, last.to_state, last.by, last.why) == (state, "Canceled", "adam", "Aborted: It hangs")
    alert = Alert.objects.get(kind="event aborted", closed_at=None)
    assert (alert.event_uid, alert.priority) == (event.uid, Priority.HIGH)
    assert alert.text == f"{event.number} was aborted by adam: It hangs"

    abort_again = pytest.raises(Refused, match="there is nothing to abort")
    if state != "In Progress":
        Stage.objects.filter(event=event).update(starts_at=clock.now() - timedelta(hours=2), ends_at=clock.now())
        with abort_again:
            abort(event, administrator)


@pytest.mark.django_db
def test_while_outcomes_are_being_loaded_a_person_is_asked_to_try_again(
    event_in: Callable[..., Event], administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = event_in("Completed")

    def busy(*_given: Any, **_named: Any) -> None:
        raise NotYet("rows are being loaded")

    monkeypatch.setattr("derms.operations.cancellation.close_stage", busy)
    with pytest.raises(Refused, match="are being loaded"):
        abort(event, administrator)
    assert not Alert.objects.filter(kind="event aborted").exists()


@pytest.mark.django_db
def test_it_takes_a_reason(event_in: Callable[..., Event], administrator: User) -> None:
    event = event_in("Scheduled")
    with pytest.raises(Refused, match="Give a reason"):
        abort(event, administrator, " ")
    event.refresh_from_db()
    assert event.state == "Scheduled"


@pytest.mark.django_db(transaction=True)
def test_a_stage_whose_outcomes_never_come_is_closed_and_its_participations_too(
    event_in: Callable[..., Event], administrator: User, now: datetime, without_emails: None
) -> None:
    event = event_in("Scheduled")
    stage = event.stages.get()
    settle()
    for revision, state in enumerate(("In Progress", "Completed"), start=1):
        operations.follow_execution(walk.execution(stage, state, revision=revision), now=now)
    settle()
    assert Event.objects.get(pk=event.pk).state == "Completed"
    abort(event, administrator)
    settle()
    stage.refresh_from_db()
    event.refresh_from_db()
    assert (event.state, stage.state) == ("Completed", "Completed"), "what ran has run"
    assert stage.outcomes_sent_at is not None
    assert stage.outcomes == {"D1ND": stage.reserved}
    assert ProgramEvent.objects.get(event_number=event.number).outcomes == {"D1ND": stage.reserved}


@pytest.mark.django_db(transaction=True)
def test_the_executor_that_missed_a_cancellation_is_told_again(
    event_in: Callable[..., Event], operator: User, administrator: User, without_emails: None
) -> None:
    event = event_in("Scheduled")
    settle()
    operations.cancel_event(event_id=event.pk, by=operator, now=clock.now(), reason="No longer needed")
    settle()
    LecStage.objects.update(state="Scheduled")  # as if the message had been discarded
    abort(event, administrator)
    settle()
    assert set(LecStage.objects.values_list("state", flat=True)) == {"Canceled"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["start", "close"])
def test_a_race_with_start_and_close_leaves_one_end_and_no_stage_open(
    what: str, event_in: Callable[..., Event], administrator: User, without_emails: None
) -> None:
    for n in range(6):
        event = event_in("Scheduled" if what == "start" else "Completed", name=f"Race {n}")
        stage = event.stages.get()
        answers = run_together(lambda event=event: abort(event, administrator), _other(what, stage))
        # Whoever closes first, an abort that comes after it finds nothing to do.
        failed = [answer for answer in answers if isinstance(answer, Exception)]
        assert all(what == "close" and isinstance(answer, Refused) for answer in failed), failed
        stage.refresh_from_db()
        event.refresh_from_db()
        if what == "close":
            assert event.state == "Completed"
            assert stage.outcomes_sent_at is not None
        else:
            assert (event.state, stage.state) == ("Canceled", "Canceled")


def _other(what: str, stage: Stage) -> Callable[[], Any]:
    if what == "close":
        return lambda: operations.close_stage(stage.pk, now=clock.now())
    started = walk.execution(stage, "In Progress", revision=1)
    return lambda: operations.follow_execution(started, now=clock.now())


@pytest.mark.django_db
def test_only_an_administrator_may_and_goes_to_the_alerts(
    client: Client, event_in: Callable[..., Event], administrator: User, operator: User
) -> None:
    event = event_in("Scheduled")
    url = f"/events/{event.number}/abort/"
    client.force_login(operator)
    assert client.get(url).status_code == 403
    client.force_login(administrator)
    page = client.get(url)
    assert page.status_code == 200
    posted = client.post(url, {"reason": "It hangs", "seen": f"{event.number}@{event.revision}"})
    assert (posted.status_code, posted["Location"]) == (302, "/alerts/"), posted.content
    event.refresh_from_db()
    assert event.state == "Canceled"


@pytest.mark.django_db
def test_outcomes_that_an_abort_would_lose_are_foreseen_and_the_number_is_asked_for(
    client: Client, event_in: Callable[..., Event], administrator: User
) -> None:
    event = event_in("Completed")
    stage = event.stages.get()
    Stage.objects.filter(pk=stage.pk).update(outcomes_sent_at=None, raw_outcomes_at=None, reserved=1_234)
    url, seen = f"/events/{event.number}/abort/", f"{event.number}@{event.revision}"
    client.force_login(administrator)
    page = client.get(url).content.decode()
    assert "outcomes of 1,234 devices are not in; they will count as not responding." in page
    assert f"Outcomes would be lost: type {event.number}." in page
    posted = client.post(url, {"reason": "It hangs", "seen": seen})
    assert (posted.status_code, "Type the event&#x27;s number." in posted.content.decode()) == (422, True)
    stage.refresh_from_db()
    assert stage.outcomes_sent_at is None
    posted = client.post(url, {"reason": "It hangs", "typed_number": event.number, "seen": seen})
    assert (posted.status_code, posted["Location"]) == (302, "/alerts/")
    stage.refresh_from_db()
    assert stage.outcomes_sent_at is not None


@pytest.mark.django_db
def test_outcomes_that_are_in_are_not_lost_and_no_number_is_asked_for(
    client: Client, event_in: Callable[..., Event], administrator: User
) -> None:
    event = event_in("Completed")
    Stage.objects.filter(event=event).update(outcomes_sent_at=None, raw_outcomes_at=clock.now())
    client.force_login(administrator)
    page = client.get(f"/events/{event.number}/abort/").content.decode()
    assert "are not in" not in page
    assert "typed_number" not in page
