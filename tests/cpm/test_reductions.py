"""What the devices of a program event reduced next to what was expected of each: the numbers, the picture, the page."""

from collections.abc import Callable

import pytest
from django.test import Client

from cpm.models import Participation, ParticipationOutcome
from cpm.models.customers import Device
from cpm.models.program_events import ProgramEvent
from cpm.pages.reductions import reduction_picture
from cpm.queries.reductions import NOTHING, Reductions, reductions
from tests.pages.html import html_of

Make = Callable[..., ProgramEvent]
LIST = "/program-events/participation/?program_event=DR-2026-0001-1"
PAGE = "/program-events/DR-2026-0001/1/reductions/"
CLOSED = {0: "D1SP", 1: "D1SP", 2: "D1IO", 3: "D1SP", 4: "D1ER"}


@pytest.fixture
def event(make_program_event: Make, devices: list[Device]) -> ProgramEvent:
    """Five devices: 899 of 900 W, 900 of 900 W, 300 of 900 W, 2,000 of 900 W, nothing of 900 W."""
    made = make_program_event("DR-2026-0001", state="Completed", outcomes=CLOSED)
    reduced(made, devices[:4], (899, 900, 300, 2000))
    return made


def reduced(event: ProgramEvent, devices: list[Device], watts: tuple[int, ...]) -> None:
    for device, reduction_w in zip(devices, watts, strict=True):
        found = ParticipationOutcome.objects.filter(program_event_id=event.pk, device_id=device.pk)
        found.update(reduction_w=reduction_w)


def test_each_device_counts_in_the_tenths_of_what_was_expected_of_it(event: ProgramEvent) -> None:
    assert reductions(event) == Reductions({NOTHING: 1, 3: 1, 9: 1, 10: 1, 15: 1}, unexpected=0, one_in=1)


def test_less_than_a_tenth_is_not_nothing(event: ProgramEvent, devices: list[Device]) -> None:
    reduced(event, devices[:2], (1, 1350))
    assert reductions(event).devices == {NOTHING: 1, 0: 1, 3: 1, 15: 2}


def test_devices_of_which_nothing_was_expected_are_counted_apart(event: ProgramEvent, devices: list[Device]) -> None:
    nothing = Participation.objects.filter(program_event_id=event.pk, device_id__in=[d.pk for d in devices[1:3]])
    nothing.update(expected_w=0)
    found = reductions(event)
    assert (found.devices, found.unexpected, found.total) == ({NOTHING: 1, 9: 1, 15: 1}, 2, 3)


def test_the_filter_of_the_list_counts_as_the_histogram_does(
    event: ProgramEvent, devices: list[Device], as_manager: Client
) -> None:
    """Of 899, 900, 300, 2,000 and 0 W: nothing was expected of those with 900 and 0 W."""
    nothing = Participation.objects.filter(program_event_id=event.pk, device_id__in=[devices[1].pk, devices[4].pk])
    nothing.update(expected_w=0)
    found = reductions(event)
    counts = {
        name: as_manager.get(f"{LIST}&reduction={name}").context["total"].rows
        for name in ("none", "less", "more", "unexpected")
    }
    assert counts == {"none": 0, "less": 1, "more": 2, "unexpected": 2}
    assert (found.reached(5), found.unexpected, found.total) == (counts["more"], counts["unexpected"], 3)
    assert '<td>Nothing expected</td> <td class="num">2</td>' in html_of(as_manager.get(PAGE))


def test_devices_without_an_outcome_and_other_program_events_do_not_count(
    make_program_event: Make, event: ProgramEvent
) -> None:
    make_program_event("DR-2026-0002", state="Completed", outcomes=CLOSED)
    ParticipationOutcome.objects.filter(program_event_id=event.pk, code="D1IO").delete()
    assert reductions(event).devices == {NOTHING: 1, 9: 1, 10: 1, 15: 1}


def test_of_many_devices_a_sample_is_read(event: ProgramEvent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cpm.queries.reductions.READ_UP_TO", 3)
    found = reductions(event)
    assert found.one_in == 2
    assert found.total < 5
    assert reductions(event) == found
    said = reduction_picture(found).sample
    assert said == f"A sample: one device in 2, {found.total} in all."


def test_the_picture_has_a_bar_for_nothing_and_for_each_tenth() -> None:
    picture = reduction_picture(Reductions({NOTHING: 10, 3: 5, 9: 20, 15: 5}, unexpected=1, one_in=1))
    assert len(picture.bars) == 17
    assert {bar.label: (bar.devices, bar.height) for bar in picture.bars if bar.devices} == {
        "nothing": (10, 48), "30-40\u00a0%": (5, 24), "90-100\u00a0%": (20, 96), "150 % or more": (5, 24),
    }  # fmt: skip
    assert all(bar.y + bar.height == 96 for bar in picture.bars)
    assert (picture.bars[0].x, picture.expected_x) == ("0.00%", picture.bars[11].x)
    assert picture.summary == (
        "25\u00a0% of the devices reduced nothing, 62\u00a0% at least half of what was expected of them."
    )
    assert picture.sample == ""


def test_nothing_is_drawn_if_nothing_was_expected() -> None:
    picture = reduction_picture(Reductions({}, unexpected=2, one_in=1))
    assert picture.bars == []
    assert picture.summary == "Nothing was expected of any device with an outcome."


def test_the_page_shows_the_picture_and_the_same_values_in_a_table(event: ProgramEvent, as_manager: Client) -> None:
    page = html_of(as_manager.get(PAGE))
    summary = "20\u00a0% of the devices reduced nothing, 60\u00a0% at least half of what was expected of them."
    assert f'role="img" aria-label="{summary}"' in page
    assert "<title>90-100\u00a0%: 1</title>" in page
    assert '<td>90-100\u00a0%</td> <td class="num">1</td> <td class="num">20\u00a0%</td>' in page
    fragment = html_of(as_manager.get(PAGE, headers={"HX-Request": "true"}))
    assert "<main" not in fragment
    assert summary in fragment


def test_the_list_of_a_program_event_loads_it_with_its_first_page(
    event: ProgramEvent, make_program_event: Make, as_manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program_event("DR-2026-0002")
    assert f'hx-get="{PAGE}"' in html_of(as_manager.get(LIST))
    assert "/reductions/" not in html_of(as_manager.get(LIST.replace("0001", "0002")))
    assert "/reductions/" not in html_of(as_manager.get("/program-events/participation/"))
    monkeypatch.setattr("cpm.views.participations.SIZE", 3)
    following = as_manager.get(LIST).context["page"].next_url
    assert "/reductions/" not in html_of(as_manager.get(LIST.partition("?")[0] + following))


def test_a_program_event_without_outcomes_says_so(make_program_event: Make, as_manager: Client) -> None:
    make_program_event("DR-2026-0001")
    assert "Nothing was expected of any device with an outcome." in html_of(as_manager.get(PAGE))


def test_a_program_event_nobody_knows_has_no_reductions(as_manager: Client, as_outsider: Client) -> None:
    assert as_manager.get(PAGE).status_code == 404
    assert as_outsider.get(PAGE).status_code == 403
