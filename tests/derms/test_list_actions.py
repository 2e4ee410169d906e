"""Actions on several events of the list, clones, sorting and saved views."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from derms import operations
from derms.models import Event
from integration.console.models import SavedView, User
from tests import factories
from tests.pages.html import html_of

Make = Callable[..., Event]


@pytest.fixture
def as_operator(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def path(verb: str, *events: Event) -> str:
    return f"/events/actions/{verb}/?" + "&".join(f"number={event.number}" for event in events)


def states(*events: Event) -> list[str]:
    return [Event.objects.get(pk=event.pk).state for event in events]


def test_several_events_are_submitted_in_one_go(as_operator: Client, new_event: Make) -> None:
    one, two = new_event(), new_event()
    assert one.number in as_operator.get(path("submit", one, two)).content.decode()
    assert as_operator.post(path("submit", one, two), factories.seen(one.number, two.number)).status_code == 302
    assert states(one, two) == ["Submitted", "Submitted"]


def test_one_that_is_refused_leaves_the_others_alone(as_operator: Client, new_event: Make, event_in: Make) -> None:
    new, canceled = new_event(), event_in("Canceled")
    assert (
        f"will not be changed. {canceled.number} is Canceled: it is over"
        in as_operator.get(path("submit", new, canceled)).content.decode()
    )
    page = as_operator.post(
        path("submit", new, canceled), factories.seen(new.number, canceled.number), follow=True
    ).content.decode()
    assert states(new, canceled) == ["Submitted", "Canceled"]
    assert f"{canceled.number}: {canceled.number} is Canceled: it is over" in page


def test_own_events_are_not_approved_among_others(client: Client, event_in: Make, operator: User) -> None:
    from django.contrib.auth.models import Group

    operator.groups.add(Group.objects.get(name="DERMS approver"))
    client.force_login(operator)
    one, two = event_in("Submitted"), event_in("Submitted")
    page = client.post(path("approve", one, two), factories.seen(one.number, two.number), follow=True).content.decode()
    assert states(one, two) == ["Submitted", "Submitted"]
    assert "another person has to approve it" in page


def test_a_page_for_several_names_each_event_its_zone_window_and_target(as_operator: Client, event_in: Make) -> None:
    one, two = event_in("New", name="Alder"), event_in("Submitted", name="Birch")
    Event.objects.filter(pk=two.pk).update(objective="Load Reduction", target_kw=1200)
    page = html_of(as_operator.get(path("cancel", one, two))).replace("\N{NO-BREAK SPACE}", " ")
    for event in (one, two):
        stage = event.stages.get()
        starts, ends = (at.astimezone(ZoneInfo(event.zone.time_zone)) for at in (stage.starts_at, stage.ends_at))
        assert f"{event.number} · {event.name} · North zone · " in page
        assert f"{starts:%H:%M} to " in page
        assert f"{ends:%H:%M %Z} · " in page
    assert "Maximum Reduction (New)" in page
    assert "Load Reduction · 1.20 MW (Submitted)" in page


def test_canceling_several_asks_for_a_reason(as_operator: Client, event_in: Make) -> None:
    one, two = event_in("Scheduled"), event_in("New")
    assert as_operator.post(path("cancel", one, two), factories.seen(one.number, two.number)).status_code == 422
    assert states(one, two) == ["Scheduled", "New"]
    as_operator.post(path("cancel", one, two), {"reason": "Storm", **factories.seen(one.number, two.number)})
    assert states(one, two) == ["Canceled", "Canceled"]


def test_running_events_are_canceled_on_their_own_page(as_operator: Client, event_in: Make) -> None:
    running, new = event_in("In Progress"), event_in("New")
    running.stages.update(called=20)
    as_operator.post(path("cancel", running, new), {"reason": "Storm", **factories.seen(running.number, new.number)})
    assert states(running, new) == ["In Progress", "Canceled"]


def test_several_need_the_permission_of_the_verb(client: Client, new_event: Make, approver: User) -> None:
    client.force_login(approver)
    one, two = new_event(), new_event()
    assert client.post(path("submit", one, two), factories.seen(one.number, two.number)).status_code == 403
    assert states(one, two) == ["New", "New"]


def test_a_clone_has_the_plan_at_the_same_time_of_day_on_the_next_day_ahead(
    event_in: Make, operator: User, now: datetime
) -> None:
    event = event_in("Completed")
    stage = event.stages.get()
    later = stage.starts_at + timedelta(days=3, hours=1)
    clone = operations.clone_event(event_id=event.pk, by=operator, now=later)
    copy = clone.stages.get()
    assert (clone.state, clone.name, clone.approver) == ("New", event.name, None)
    zone = ZoneInfo(event.zone.time_zone)
    was, will_be = (at.astimezone(zone).replace(tzinfo=None) for at in (stage.starts_at, copy.starts_at))
    assert will_be - was == timedelta(days=4)
    assert copy.ends_at - copy.starts_at == stage.ends_at - stage.starts_at
    assert (copy.program_id, copy.control, copy.reserved) == (stage.program_id, stage.control, 0)
    assert clone.transitions.get().why == f"Clone of {event.number}"


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d %b", "%d %B", "%d.%m.%Y"])
def test_a_clones_name_says_its_own_day(event_in: Make, operator: User, now: datetime, form: str) -> None:
    event = event_in("New")
    day = event.zone.local_day(event.stages.get().starts_at)
    Event.objects.filter(pk=event.pk).update(name=f"Heat 2026, {day.strftime(form)}: north")
    clone = operations.clone_event(event_id=event.pk, by=operator, now=event.stages.get().starts_at + timedelta(days=3))
    will_be = event.zone.local_day(clone.stages.get().starts_at)
    assert clone.name == f"Heat 2026, {will_be.strftime(form)}: north"
    assert will_be > day


def test_the_list_is_sorted_both_ways_by_its_headings(as_operator: Client, new_event: Make) -> None:
    for name in ("Birch", "Alder", "Cedar"):
        new_event(name=name)

    def names(sort: str) -> list[str]:
        return [event.name for event in as_operator.get("/events/", {"sort": sort}).context["rows"]]

    assert names("name") == ["Alder", "Birch", "Cedar"]
    assert names("-name") == ["Cedar", "Birch", "Alder"]
    page = as_operator.get("/events/", {"sort": "name"}).content.decode()
    assert 'aria-sort="ascending"' in page
    assert "sort=-name" in page


def test_the_rows_of_a_filter_renew_themselves(as_operator: Client, new_event: Make) -> None:
    event, address = new_event(), "/events/?view=active&sort=name"
    assert 'hx-get="/events/?view=active&amp;sort=name"' in as_operator.get(address).content.decode()
    rows = as_operator.get(address, headers={"HX-Request": "true"}).content.decode()
    assert event.number in rows
    assert "<html" not in rows
    assert 'aria-sort="ascending"' in rows


def test_a_view_is_saved_under_a_name_and_belongs_to_its_person(
    as_operator: Client, operator: User, second_operator: User
) -> None:
    saved = {"path": "/events/", "name": "Drafts", "query": "view=all&state=New"}
    assert as_operator.post("/saved-views/add/", saved)["Location"] == "/events/?view=all&state=New"
    assert 'href="/events/?view=all&amp;state=New"' in as_operator.get("/events/").content.decode()
    view = SavedView.objects.get()
    other = Client()
    other.force_login(second_operator)
    assert "Drafts" not in other.get("/events/").content.decode()
    assert other.post(f"/saved-views/{view.pk}/remove/").status_code == 404
    as_operator.post(f"/saved-views/{view.pk}/remove/")
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("path", ["https://example.com/", "//example.com/", "/nowhere/"])
def test_a_view_leads_to_a_page_of_ours_alone(as_operator: Client, path: str) -> None:
    as_operator.post("/saved-views/add/", {"path": path, "name": "Away", "query": ""})
    assert not SavedView.objects.exists()
