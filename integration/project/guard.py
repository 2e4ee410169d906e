"""Ends the processes of a supervisor that was killed and could not.

The supervisor names them on standard input: "+123" for a process that leads a group, "-123" when it is gone. The end of
the input is the end of the supervisor.
"""

import os
import signal
import sys
import time
from contextlib import suppress

GRACE_SECONDS = 5  # their engines end too by now, so there is little a longer wait could finish


def main() -> None:
    leaders: set[int] = set()
    for line in sys.stdin:
        number = int(line)
        (leaders.add if number > 0 else leaders.discard)(abs(number))
    for leader in leaders:
        with suppress(ProcessLookupError):
            os.kill(leader, signal.SIGTERM)
    _wait_for(leaders)
    for leader in leaders:
        with suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)


def _wait_for(leaders: set[int]) -> None:
    end = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < end and any(_lives(leader) for leader in leaders):
        time.sleep(0.1)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
