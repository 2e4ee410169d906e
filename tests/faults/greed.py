"""Clients that want more than their share of the web process."""

import time

from integration.pages.downloads import AT_ONCE, OF_A_PERSON
from integration.project.web import LONGEST_SEND_S
from tests.faults.driver import Driver
from tests.faults.row import Row
from tests.faults.system import System
from tests.greedy_clients import ExportFlood, SlowReaders, half_sent_requests
from tests.processes import eventually
from tests.speeds import Speeds, by_turns, seconds_of

LIVEZ, SIGN_IN, PAGE, EXPORT = "/livez", "/account/login/", "/events/", "/devices/export/"
HELP = "/help/reference/messages/"
LARGE = "/static/vendor/tabler/tabler.min.css"
AS_FAST = "the others' p95 and median < twice the quiet ones"
ASKS = 10
GIVEN_UP_S = 3 * LONGEST_SEND_S  # an export has to be made first, next to everything else


def send_slowly(system: System, driver: Driver, clients: int, turns: int) -> Row:
    found = by_turns(
        [LIVEZ, SIGN_IN],
        lambda path: seconds_of(system.web, path),
        lambda: half_sent_requests(system.web, clients),
        turns=turns,
        asks=ASKS,
    )
    return Row(f"slow bodies: {clients} half-sent requests at once", turns, AS_FAST, _said(found), _are_fast(found))


def read_slowly(system: System, driver: Driver, clients: int, turns: int) -> Row:
    """They read a large file or page. At last two of them, as many as there are places, read an export."""
    wanted = [(LARGE, ""), (HELP, driver.csr.cookie)] * (clients // 2)
    found = by_turns(
        [LIVEZ, SIGN_IN],
        lambda path: seconds_of(system.web, path),
        lambda: SlowReaders(system.web, wanted),
        turns=turns,
        asks=ASKS,
    )
    exports = [(EXPORT, driver.operator.cookie), (EXPORT, driver.csr.cookie)]
    began = time.monotonic()
    with SlowReaders(system.web, [*exports, *wanted[len(exports) :]]) as readers:
        eventually(lambda: readers.given_up() == clients, GIVEN_UP_S)
        given_up, took = readers.given_up(), time.monotonic() - began
    return Row(
        f"slow readers: {clients} clients that read a byte a second",
        turns,
        f"{AS_FAST}; given up <= {GIVEN_UP_S:.0f} s",
        f"{_said(found)}; {given_up} of {clients} given up after {took:.0f} s",
        _are_fast(found) and given_up == clients,
    )


def flood_exports(system: System, driver: Driver, clients: int, turns: int) -> Row:
    floods: list[ExportFlood] = []

    def flood() -> ExportFlood:
        floods.append(ExportFlood(system.web, EXPORT, driver.operator.cookie, clients))
        return floods[-1]

    found = by_turns(
        [PAGE], lambda path: seconds_of(system.web, path, driver.approver.cookie), flood, turns=turns, asks=ASKS
    )
    answers = sum((one.answers for one in floods), start=type(floods[0].answers)())
    return Row(
        f"export flood: {clients} exports at once by one person",
        turns,
        f"{AS_FAST}; {OF_A_PERSON} a person, {AT_ONCE} a process, 429 for the rest",
        f"{_said(found)}; answers {dict(sorted(answers.items()))}",
        _are_fast(found) and set(answers) == {200, 429},
    )


def _are_fast(found: dict[str, Speeds]) -> bool:
    return all(speeds.is_under_twice() for speeds in found.values())


def _said(found: dict[str, Speeds]) -> str:
    return "; ".join(f"{path} {speeds}" for path, speeds in found.items())
