"""The embedded engines: the first process that needs them starts them, the last one to leave stops them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from . import postgres, valkey
from .state import PROJECT, EnginesNotUsable, State
from .watch import kept_running

__all__ = ["EnginesNotUsable", "in_use", "kept_running"]


# Defaults with the embedded database only: plain http, a readable log, and no required second factor.
LOCAL = {"GRIDCALL_EMBEDDED": "1", "GRIDCALL_HTTPS": "0", "LOG_FORMAT": "console", "MFA_REQUIRED_ROLES": ""}


@contextmanager
def in_use() -> Iterator[None]:
    """Run each engine whose address is not set, and set it in os.environ for this process and its children.

    With the embedded database, SECRET_KEY (kept in the state folder) and the variables of LOCAL are set as well. If
    both addresses are set, nothing is started. Raises EnginesNotUsable.
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
    """Stop both engines if no process uses them; return whether that is so. The caller holds the state's lock."""
    if state.in_use():
        return False
    postgres.stop(state)
    valkey.stop(state)
    with suppress(OSError):  # a killed engine leaves files in it, which the next start uses
        state.sockets.rmdir()
    return True


def _start(state: State, missing: set[str]) -> dict[str, str]:
    """Start the missing engines and return the variables to add to the environment."""
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
    """Start a process that stops the engines if their last user is killed before it can."""
    mark = state.claim_keeper()
    if mark is None:
        return
    command = [sys.executable, "-m", f"{__name__}.keeper", str(state.root), str(mark.fileno())]
    with mark, state.new_log("keeper").open("w") as log:
        subprocess.run(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[mark.fileno()], check=True
        )
