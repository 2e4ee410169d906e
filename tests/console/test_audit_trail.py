"""The audit trail shows every change of all systems once, newest first, page by page."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from cpm.models.programs import Program as CpmProgram
from cpm.models.programs import ProgramType
from cpm.operations.programs import save_program
from derms.models import Event, Program, Transition
from integration.console import audit
from integration.console.models import User
from integration.seam.program_rules import ProgramRules
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


def test_an_edit_of_a_program_says_what_was_and_what_is(program_manager: User, program: Program, now: datetime) -> None:
    other = CpmProgram.objects.create(code="OTHER", name="Other", type=CpmProgram.objects.get().type)
    saved = CpmProgram.objects.get(code=program.code)
    fields = {"name": saved.name, "active": False, "allow_customer_unavailability": saved.allow_customer_unavailability}
    rules = ProgramRules(events_per_week=2)
    save_program(program_id=saved.pk, fields=fields, rules=rules, by=program_manager.username, now=now)
    CpmProgram.objects.filter(pk=other.pk).update(name="Renamed")
    assert [(change.name, change.by, change.why) for change in trail(kind="program")] == [
        ("OTHER", "system", "Name: Other → Renamed"),
        ("COOL", program_manager.username, "Active: Yes → No; Events per week: — → 2"),
        ("OTHER", "system", "Created"),
        ("COOL", "system", "Created"),
    ]


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
