"""Alerts reach people on whatever page they have open: badge, title and toast, without a reload."""

from collections.abc import Callable

from integration.seam.alerts import acknowledge_alert, close_alert, raise_alert
from integration.seam.models import Alert, Priority
from tests.browser.conftest import Person

SOON_MS = 30_000  # the page asks within a second of the nudge; a busy machine takes longer


def raised(key: str, text: str) -> None:
    raise_alert(key, kind="stage late", priority=Priority.HIGH, text=text)


def acknowledge_the_demos_own() -> None:
    """A past event of the demo may have raised some."""
    for alert in Alert.objects.filter(Alert.UNSEEN):
        acknowledge_alert(alert_id=alert.pk, by="ada.approver")


def test_an_alert_shows_on_an_open_page_and_is_gone_again(sign_in: Callable[..., Person]) -> None:
    olive = sign_in("olive.operator")
    page = olive.page
    acknowledge_the_demos_own()
    raised("late:1", "Stage 1 is late.")
    olive.open("/devices/")
    title = page.title()
    assert title.startswith("(1) ")
    page.wait_for_function("() => sessionStorage.getItem('gridcall:newest-alert')", timeout=SOON_MS)
    assert page.locator(".toast-alert").count() == 0, "it was open before the page was"

    raised("late:2", "Stage 2 is late.")
    toast = page.locator("[data-toasts] .toast-alert")
    toast.get_by_text("Stage 2 is late.").wait_for(timeout=SOON_MS)
    page.wait_for_function("() => document.title.startsWith('(2) ')", timeout=SOON_MS)
    assert page.locator(".frame > .side [data-unseen-count]").inner_text().startswith("2")
    assert page.locator("[data-toasts]").get_attribute("aria-live") == "polite"
    assert olive.violations() == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert not olive.scrolls_sideways()
    assert olive.violations() == []
    page.set_viewport_size({"width": 1440, "height": 900})

    toast.get_by_role("button", name="Close").click()
    assert page.locator(".toast-alert").count() == 0
    close_alert("late:1")
    close_alert("late:2")
    page.wait_for_function(f"() => document.title === {title.removeprefix('(1) ')!r}", timeout=SOON_MS)
    assert page.locator(".frame > .side [data-unseen-count]").is_hidden()
