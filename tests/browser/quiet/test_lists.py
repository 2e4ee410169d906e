"""Lists and the frame around them, on pages alone: buttons in sight, menus of the selected, an age that ticks."""

from collections.abc import Callable

import pytest

from derms.models import Event
from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Priority
from tests.browser.conftest import Person

# The texts that an element shows within four seconds.
TEXTS = """async selector => {
    const texts = new Set(), end = Date.now() + 4000;
    while (Date.now() < end) {
        texts.add(document.querySelector(selector).textContent);
        await new Promise(after => setTimeout(after, 50));
    }
    return [...texts];
}"""


def test_the_age_of_the_forecast_ticks(sign_in: Callable[..., Person]) -> None:
    ada = sign_in("ada.approver")
    ada.page.locator(".forecast time[data-age]").wait_for()
    ada.page.context.set_offline(True)  # so that it is not the server that writes another age
    texts = ada.page.evaluate(TEXTS, ".forecast time[data-age]")
    assert len(texts) >= 3, texts
    ada.page.context.set_offline(False)
    ada.page.reload()  # after it, nothing of what was offline is said any more
    ada.problems.clear()


@pytest.mark.parametrize("kind", ["delivering below target", "message dead"])
def test_the_list_has_all_actions_in_sight_at_every_width(sign_in: Callable[..., Person], kind: str) -> None:
    """At 1024 px its buttons were cut off, and the page of some alerts scrolled sideways."""
    olive = sign_in("olive.operator")
    key = f"wide:{kind}"
    raise_alert(key, kind=kind, priority=Priority.MEDIUM, text="DR-2026-0015 delivered 181 of 205 kWh. " * 3)
    olive.open("/alerts/")
    ends = "() => [...document.querySelectorAll('#alerts .btn')].map(one => one.getBoundingClientRect().right)"
    for width in (1440, 1280, 1024, 768, 390):
        olive.page.set_viewport_size({"width": width, "height": 900})
        assert not olive.scrolls_sideways(), width
        assert max(olive.page.evaluate(ends)) <= width, width
    close_alert(key)


def test_the_actions_menu_has_only_what_is_possible_for_the_selected(sign_in: Callable[..., Person]) -> None:
    operator = sign_in("olive.operator")
    over = Event.objects.filter(state="Completed").latest("pk")
    operator.open(f"/events/?view=all&q={over.number}")
    operator.click(operator.page.get_by_label(f"Select {over.number}"))
    operator.click(operator.page.locator("[data-pick-actions] summary"))
    menu = operator.page.locator("[data-pick-actions]")
    assert menu.get_by_role("button").all_inner_texts() == ["Edit", "Export", "Clone"]
