"""Two people with the same edit form open, in a real browser: the later one reads what changed and saves next to it."""

from collections.abc import Callable

from derms.models import Strategy
from tests.browser.conftest import Person

PHONE = {"width": 390, "height": 844}


def test_the_later_of_two_operators_keeps_both_changes(sign_in: Callable[..., Person]) -> None:
    strategy = Strategy.objects.filter(state="Active").earliest("pk")
    olive, oscar = sign_in("olive.operator"), sign_in("oscar.operator", viewport=PHONE)
    for person in (olive, oscar):
        person.open(f"/strategies/{strategy.uid}/")
    olive.page.get_by_label("Name", exact=True).fill("Renamed by Olive")
    olive.press("Save")
    olive.reads("“Renamed by Olive” is saved")

    oscar.page.get_by_label("Length (min)").first.fill("47")
    oscar.press("Save")

    oscar.reads("olive.operator saved “Renamed by Olive”")
    oscar.reads(f"{strategy.name} → Renamed by Olive")
    oscar.shoot("two-tabs-phone")
    oscar.page.set_viewport_size({"width": 1440, "height": 900})
    oscar.shoot("two-tabs")
    oscar.press("Save")
    oscar.reads("“Renamed by Olive” is saved")
    assert strategy.stages.order_by("number")[0].length_minutes == 47
    assert [problem for problem in oscar.problems if "409" not in problem] == []
    oscar.problems.clear()  # a browser's console reports each answer that is no success
