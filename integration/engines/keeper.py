"""Ends the engines of a state folder when their last user is gone, however it went."""

import os
import sys
from pathlib import Path

from . import stop_unless_in_use
from .state import State


def main(root: str, mark: str) -> None:
    """Leave the caller and its terminal, then wait and stop. The mark is the number of the file that says so."""
    if os.fork():
        return
    os.setsid()
    state = State(Path(root))
    while True:
        state.wait_until_unused()
        with state.locked():
            if stop_unless_in_use(state):
                os.close(int(mark))  # under the lock: whoever starts the engines next starts a keeper too
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
