"""A page whose stream was refused asks for one again; until then it polls."""

from collections.abc import Callable

from playwright.sync_api import Route

from tests.browser.conftest import Person

AGAIN_MS = 60_000  # live.js waits 30 to 60 s


def test_a_page_that_may_have_no_stream_yet_gets_one_later(sign_in: Callable[..., Person]) -> None:
    person, asked = sign_in("olive.operator"), []
    page = person.page

    def refuse_the_first(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=429, headers={"Retry-After": "30"})
        else:
            route.continue_()

    page.route("**/live/", refuse_the_first)
    page.clock.install()
    person.open("/events/")
    page.locator(".live-polling").wait_for()
    assert not page.locator(".live-on").is_visible()

    page.clock.run_for(AGAIN_MS)
    page.locator(".live-on").wait_for()
    assert len(asked) == 2
    assert [problem for problem in person.problems if "429" not in problem] == []
    person.problems.clear()
