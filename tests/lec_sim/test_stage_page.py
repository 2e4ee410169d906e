"""LEC's stage page: stages that are due, running and over, with their devices' answers."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from integration.console.models import User
from integration.seam.loads import Partition
from lec_sim.models import HeadEndProfile, LecCall, LecStage
from lec_sim.queries.stages import answers_over_time
from tests.pages.editing import save
from tests.pages.html import html_of

LIST = "/live-energy-connect/"
Make = Callable[..., LecStage]


@pytest.fixture
def as_operator(operator: User) -> Client:
    return signed_in(operator)


@pytest.fixture
def make_stage(now: datetime) -> Make:
    """Create one-hour stages that start this long from now."""

    def make(number: int, *, starts_in: timedelta, state: str, **fields: Any) -> LecStage:
        starts = now + starts_in
        return LecStage.objects.create(
            stage_uid=uuid.uuid4(), event_uid=uuid.uuid4(), event_number="DR-2026-0001", stage_number=number,
            time_zone="America/New_York", starts_at=starts, ends_at=starts + timedelta(hours=1), control="off",
            control_value=0, state=state, status_revision=1, **fields,
        )  # fmt: skip

    return make


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def call(stage: LecStage, nic_id: str, answer: str, *, answered: datetime | None, overridden: datetime | None) -> None:
    assert stage.started_at
    LecCall.objects.create(
        stage_id=stage.pk, head_end="HE1", nic_id=nic_id, called_at=stage.started_at, answer=answer,
        answered_at=answered, overridden_at=overridden, power_w=0,
    )  # fmt: skip


def test_stages_stand_where_they_belong(make_stage: Make, as_operator: Client, now: datetime) -> None:
    hour = timedelta(hours=1)
    due = make_stage(1, starts_in=hour, state="Scheduled")
    running = make_stage(2, starts_in=-hour / 2, state="In Progress", started_at=now - hour / 2)
    just_over = make_stage(3, starts_in=-hour, state="Completed", started_at=now - hour, ended_at=now)
    over = make_stage(4, starts_in=-9 * hour, state="Completed", started_at=now - 9 * hour, ended_at=now - 8 * hour)
    missed = make_stage(5, starts_in=-5 * hour, state="Canceled", reason="Missed")
    context = as_operator.get(LIST).context
    assert list(context["due"]) == [due]
    assert [progress.stage for progress in context["active"]] == [just_over, running]
    assert context["page"].rows == [missed, over]


def test_calls_are_counted_as_far_as_they_have_happened(make_stage: Make, as_operator: Client, now: datetime) -> None:
    begun, before, later = now - timedelta(minutes=5), now - timedelta(minutes=1), now + timedelta(minutes=9)
    stage = make_stage(
        1, starts_in=-timedelta(minutes=5), state="In Progress", started_at=begun, calls_made_at=begun, called=5
    )
    Partition("lec_call", "stage_id", stage.pk).create()
    Partition("lec_call", "stage_id", stage.pk).attach()
    call(stage, "N1", "takes part", answered=before, overridden=None)
    call(stage, "N2", "takes part", answered=before, overridden=before)
    call(stage, "N3", "takes part", answered=later, overridden=later)
    call(stage, "N4", "rejected", answered=before, overridden=None)
    call(stage, "N5", "silent", answered=None, overridden=None)
    (progress,) = as_operator.get(LIST).context["active"]
    assert (progress.answered, progress.rejected, progress.overridden) == (3, 1, 1)


def test_what_was_drawn_for_after_the_end_never_happened(make_stage: Make, as_operator: Client, now: datetime) -> None:
    """Once overrides of a stage that had been canceled went on being counted."""
    begun, before, after = now - timedelta(minutes=9), now - timedelta(minutes=6), now - timedelta(minutes=2)
    stage = make_stage(
        1, starts_in=-timedelta(minutes=9), state="Canceled", started_at=begun, calls_made_at=begun, called=2,
        ended_at=now - timedelta(minutes=4),
    )  # fmt: skip
    Partition("lec_call", "stage_id", stage.pk).create()
    Partition("lec_call", "stage_id", stage.pk).attach()
    call(stage, "N1", "takes part", answered=before, overridden=before)
    call(stage, "N2", "takes part", answered=after, overridden=after)
    (progress,) = as_operator.get(LIST).context["active"]
    assert (progress.answered, progress.overridden) == (1, 1)


def test_a_stage_whose_devices_are_not_called_yet_has_no_counts(
    make_stage: Make, as_operator: Client, now: datetime
) -> None:
    make_stage(1, starts_in=-timedelta(minutes=1), state="In Progress", started_at=now)
    (progress,) = as_operator.get(LIST).context["active"]
    assert (progress.answered, progress.rejected, progress.overridden) == (None, None, None)


def test_execution_is_a_live_part_of_its_own(make_stage: Make, as_operator: Client) -> None:
    make_stage(1, starts_in=timedelta(hours=1), state="Scheduled")
    fragment = html_of(as_operator.get(LIST, headers={"HX-Request": "true"}))
    assert fragment.startswith('<div class="stack" id="execution" hx-get="/live-energy-connect/"')
    assert "awaited" in fragment
    assert "Head end systems" not in fragment


def test_head_ends_show_how_they_behave(as_operator: Client) -> None:
    HeadEndProfile.objects.create(head_end="HE1", offline_share=0.12)
    page = as_operator.get(LIST).content.decode()
    assert "HE1" in page
    assert "12\xa0%" in page


def test_a_fault_is_set_and_taken_away_and_stays_in_the_history(as_operator: Client) -> None:
    HeadEndProfile.objects.create(head_end="HE1")
    page = LIST + "head-ends/HE1/fault/"
    assert as_operator.get(page).status_code == 200
    assert save(as_operator, page, {"fault": "gone"}).status_code == 422
    assert save(as_operator, page, {"fault": "offline"})["Location"] == LIST
    assert "Offline: no device answers" in as_operator.get(LIST).content.decode()
    save(as_operator, page, {"fault": "none"})
    changes = as_operator.get(page).context["changes"]
    assert [(change.sentence, change.by) for change in changes] == [
        ("None", "olive"), ("Offline: no device answers", "olive"), ("None", "system"),
    ]  # fmt: skip


def test_an_empty_page_says_what_comes_next(as_operator: Client) -> None:
    page = as_operator.get(LIST).content.decode()
    for words in ("No running stages", "No stages due", "No past stages yet", "No head end system yet"):
        assert words in page


def test_strangers_get_nothing(program_manager: User, outsider: User, client: Client) -> None:
    for person in (program_manager, outsider):
        assert signed_in(person).get(LIST).status_code == 403
    assert client.get(LIST)["Location"].startswith("/account/login/")


def test_answers_over_time_follow_the_calls_minute_by_minute(
    make_stage: Make, as_operator: Client, now: datetime
) -> None:
    begun = now - timedelta(minutes=3)
    stage = make_stage(
        1, starts_in=-timedelta(minutes=5), state="In Progress", started_at=begun, calls_made_at=begun, called=4
    )
    Partition("lec_call", "stage_id", stage.pk).create()
    Partition("lec_call", "stage_id", stage.pk).attach()
    soon, late = begun + timedelta(seconds=20), begun + timedelta(seconds=80)
    call(stage, "N1", "takes part", answered=soon, overridden=late)
    call(stage, "N2", "rejected", answered=late, overridden=None)
    call(stage, "N3", "takes part", answered=now + timedelta(hours=1), overridden=None)
    call(stage, "N4", "silent", answered=None, overridden=None)
    over_time = answers_over_time(now)[0][1]
    assert [each[1:] for each in over_time] == [(0, 0, 0), (1, 0, 0), (2, 1, 1), (2, 1, 1)]
    assert over_time[-1].at == now
    assert (
        f'id="answers-{stage.pk}"'
        in as_operator.get(f"{LIST}?answers", headers={"HX-Request": "true"}).content.decode()
    )
    assert f'id="answers-{stage.pk}"' in as_operator.get(LIST).content.decode()


def test_three_stages_at_most_are_drawn_the_newest_first(make_stage: Make, now: datetime) -> None:
    for number in range(1, 6):
        begun = now - timedelta(minutes=20 - number)
        stage = make_stage(number, starts_in=begun - now, state="In Progress", started_at=begun, calls_made_at=begun)
        Partition("lec_call", "stage_id", stage.pk).create()
    make_stage(6, starts_in=-timedelta(minutes=1), state="In Progress", started_at=now)
    assert [stage.stage_number for stage, _told in answers_over_time(now)] == [5, 4, 3]
