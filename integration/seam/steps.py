"""Work whose steps are each committed: what it sent to the outside is not undone with the rest of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from .sql import execute


def in_committed_steps(work: Callable[[], object]) -> None:
    """Do due work that commits each of its steps, in a thread of its own with a connection of its own.

    A failure of the transaction in which due work runs would undo what was stored about what has already been sent.
    In a larger transaction, whose rows no other connection sees, the work is done in it. Raises what the work raises.
    """
    if connection.savepoint_ids:
        work()
        return
    execute("SET LOCAL idle_in_transaction_session_timeout = '30min'")  # this transaction waits for the thread
    with ThreadPoolExecutor(1, thread_name_prefix="steps") as alone:
        alone.submit(_alone, work).result()


def _alone(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()
