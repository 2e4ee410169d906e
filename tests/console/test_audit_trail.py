"""The audit trail shows every change of all systems once, newest first, page by page."""

from collections.abc import Callable

import pytest
from django.test import Client

from cpm.models.programs import Program as CpmProgram
from cpm.models.programs import ProgramType
from derms.models import Event, Transition
from integration.console import audit
from integration.console.models import User
from integration.seam.settling import settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def as_approver(client: Client, approver: User) -> Client:
    client.force_login(approver)
    return client


def trail(**narrowed: str) -> list[audit.Change]:
    return audit.changes(audit.wanted_by(audit.AuditFilter(narrowed)), before=None, limit=1000)


def test_what_derms_and_cpm_wrote_stands_in_one_trail(event_in: Callable[..., Event]) -> None:
    event = event_in("Scheduled")
    settle()
    kinds = {change.kind for change in trail(q=event.number)}
    assert kinds == {"event", "stage", "program event"}
    events = trail(kind="event", q=event.number)
    assert [change.to_state for change in reversed(events)] == ["New", "Submitted", "Approved", "Scheduled"]
    assert [change.by for change in reversed(events)] == ["olive", "olive", "ada", "system"]


def test_programs_and_who_changed_them(program_manager: User) -> None:
    kind = ProgramType.objects.create(code="T", name="Type")
    CpmProgram.objects.create(code="SAVER", name="Saver", type=kind)
    assert [(c.kind, c.name) for c in trail(q="saver")] == [("program", "SAVER")]


def test_paging_shows_each_change_once(
    as_approver: Client, event_in: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SIZE", 2)
    event_in("Approved")
    seen, address = [], "/audit-trail/?kind=event"
    while address:
        page = as_approver.get(address).context["page"]
        seen += [change.key for change in page.rows]
        address = f"/audit-trail/{page.next_url}" if page.next_url else ""
    assert len(seen) == len(set(seen)) == Transition.objects.filter(stage=None).count() == 3


def test_a_person_and_a_period_narrow_it(event_in: Callable[..., Event]) -> None:
    event_in("Approved")
    assert {change.by for change in trail(by="ada")} == {"ada"}
    assert trail(until="2001-01-01") == []
    assert trail(since="2999-01-01") == []


def test_a_place_that_is_none_is_said_so(as_approver: Client) -> None:
    assert as_approver.get("/audit-trail/?after=yesterday~d1").status_code == 400
