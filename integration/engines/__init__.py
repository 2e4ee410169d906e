"""The embedded engines: started by the first process that needs them, ended with the last one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from . import postgres, valkey
from .state import PROJECT, EnginesNotUsable, State

__all__ = ["EnginesNotUsable", "in_use"]


# What holds with the embedded database alone: plain http, a log to read, and nobody has to have a second factor.
LOCAL = {"GRIDCALL_HTTPS": "0", "LOG_FORMAT": "console", "MFA_REQUIRED_ROLES": ""}


@contextmanager
def in_use() -> Iterator[None]:
    """Run the engines that no variable names, and name them in os.environ for this process and its children.

    With the embedded database come a secret key of this folder and what LOCAL says. A process that is told both
    addresses starts nothing. Raises EnginesNotUsable.
    """
    missing = {name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)}
    if not missing:
        yield
        return
    state, before = State.of_environment(), dict(os.environ)
    state.make_root()
    try:
        with state.joined():
            with state.locked():
                os.environ.update(_start(state, missing))
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        with state.locked():
            stop_unless_in_use(state)


def stop_unless_in_use(state: State) -> bool:
    """Stop both engines where nobody uses them, and say whether nobody does. Call it under the state's lock."""
    if state.in_use():
        return False
    postgres.stop(state)
    valkey.stop(state)
    with suppress(OSError):  # what a killed engine left is in it, and of use to the next start
        state.sockets.rmdir()
    return True


def _start(state: State, missing: set[str]) -> dict[str, str]:
    """Start what is missing; what to add to the environment comes back."""
    _start_keeper(state)
    variables = {}
    if "REDIS_URL" in missing:
        valkey.start(state)
        variables["REDIS_URL"] = valkey.url(state)
    if "DATABASE_URL" in missing:
        postgres.start(state)
        variables["DATABASE_URL"] = postgres.url(state)
        local = LOCAL | {"SECRET_KEY": state.secret_key()}
        variables |= {name: value for name, value in local.items() if not os.environ.get(name)}
    return variables


def _start_keeper(state: State) -> None:
    """Leave a process behind that ends the engines when their last user was killed and could not."""
    mark = state.claim_keeper()
    if mark is None:
        return
    command = [sys.executable, "-m", f"{__name__}.keeper", str(state.root), str(mark.fileno())]
    with mark, state.new_log("keeper").open("w") as log:
        subprocess.run(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[mark.fileno()], check=True
        )
