"""Starts an embedded engine again when it has died while Gridcall runs."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import ModuleType

import psycopg2

from . import postgres, valkey
from .state import EnginesNotUsable, State

LOOK_EVERY_S = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY_SECONDS = 60
ENGINES = {"DATABASE_URL": ("PostgreSQL", postgres), "REDIS_URL": ("Valkey", valkey)}

Say = Callable[[str], object]


@contextmanager
def kept_running(say: Say) -> Iterator[None]:
    """Start again those engines of this process's state folder that die meanwhile; `say` gets a sentence about each.

    An engine that dies again and again is given longer and longer rests. Servers that are named are left alone.
    """
    state, ending = State.of_environment(), Event()
    threads = [
        Thread(target=_keep, args=[name, engine, state, ending, say], name=name, daemon=True)
        for variable, (name, engine) in ENGINES.items()
        if os.environ.get(variable) == engine.url(state)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def _keep(name: str, engine: ModuleType, state: State, ending: Event, say: Say) -> None:
    pause, started = FIRST_PAUSE, time.monotonic()
    while not ending.wait(LOOK_EVERY_S):
        if engine.listens(state):
            continue
        if time.monotonic() - started > STEADY_SECONDS:
            pause = FIRST_PAUSE
        say(f"{name} has ended and is started again")
        if ending.wait(pause):
            return
        pause, started = min(2 * pause, LONGEST_PAUSE), time.monotonic()
        try:
            with state.locked():
                engine.start(state)
        except (EnginesNotUsable, OSError, psycopg2.Error) as problem:
            say(f"{name} could not be started: {problem}")
