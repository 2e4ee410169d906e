"""One worker process of the benchmark's crew; it imports Django only after setting its environment."""

import os
from typing import Any


def begin() -> None:
    """Become a warm worker: with a worker's database time limits, code imported and database connected."""
    os.environ["GRIDCALL_PROCESS"] = "worker"
    import django

    django.setup()
    from django.db import connection
    from django.utils.module_loading import import_string

    import_string("derms.operations.schedule_event")
    connection.ensure_connection()


def call(operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Call an operation by its dotted name."""
    from django.utils.module_loading import import_string

    import_string(operation)(*args, **kwargs)
