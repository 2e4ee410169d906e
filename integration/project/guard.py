"""Ends the processes of a supervisor that was killed before it could.

The supervisor lists them on standard input: "123" when a process that leads a group starts, "-123" when it is gone. The
end of the input means that the supervisor has ended.
"""

import os
import signal
import sys
import time
from contextlib import suppress

GRACE_SECONDS = 5  # their engines are stopping too, so waiting longer would finish little


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
