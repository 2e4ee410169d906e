"""Stops the engines of a state folder when their last user is gone, even if it was killed."""

import os
import sys
from pathlib import Path

from . import stop_unless_in_use
from .state import State


def main(root: str, mark: str) -> None:
    """Detach from the caller and its terminal, wait until the engines are unused, stop them.

    The mark is the descriptor of the file whose lock claims to be the keeper.
    """
    if os.fork():
        return
    os.setsid()
    state = State(Path(root))
    while True:
        state.wait_until_unused()
        with state.locked():
            if stop_unless_in_use(state):
                os.close(int(mark))  # while locked, so that the next start of the engines starts a keeper too
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
