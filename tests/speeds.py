"""How much slower answers are next to something: by turns, so that the machine's other work counts for both."""

import http.client
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from statistics import median, quantiles
from typing import NamedTuple

PATIENCE_S = 30.0  # one permit that never comes back would take longer
SETTLE_S = 0.5  # a load begins and ends with a burst, which short turns would count many times a minute


class Speeds(NamedTuple):
    """The seconds that one page's answers took, while all was quiet and next to something."""

    quiet: list[float]
    loaded: list[float]

    def ratio(self, of: Callable[[list[float]], float]) -> float:
        return of(self.loaded) / of(self.quiet)

    def is_under_twice(self) -> bool:
        """Whether neither the median nor the 95th percentile doubled."""
        return self.ratio(median) < 2 and self.ratio(p95) < 2

    def __str__(self) -> str:
        return (
            f"p95 {1000 * p95(self.loaded):.0f} ms, quiet {1000 * p95(self.quiet):.0f} ms, ratio {self.ratio(p95):.2f}"
            f" (of medians {self.ratio(median):.2f}, {len(self.loaded)} answers each)"
        )


def p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


def by_turns(
    pages: Iterable[str],
    ask: Callable[[str], float],
    load: Callable[[], AbstractContextManager[object]],
    *,
    turns: int,
    asks: int,
) -> dict[str, Speeds]:
    """Ask for each page so many times in a turn, quietly and next to the load, in so many turns."""
    found = {page: Speeds([], []) for page in pages}
    for _turn in range(turns):
        for page, speeds in found.items():
            speeds.quiet.extend(_settled(page, ask, asks))
        with load():
            for page, speeds in found.items():
                speeds.loaded.extend(_settled(page, ask, asks))
    return found


def _settled(page: str, ask: Callable[[str], float], asks: int) -> list[float]:
    """Ask so many times, after some that count for nothing: the server still begins or ends the load."""
    until = time.perf_counter() + SETTLE_S
    while time.perf_counter() < until:
        ask(page)
    return [ask(page) for _ in range(asks)]


def seconds_of(port: int, path: str, cookie: str = "") -> float:
    """The seconds until a page is read whole. Raises OSError or HTTPException if it is not answered."""
    began = time.perf_counter()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        client.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        response = client.getresponse()
        response.read()
        assert response.status == 200, (path, response.status)
        return time.perf_counter() - began
    finally:
        client.close()
