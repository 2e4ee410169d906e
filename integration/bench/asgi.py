"""The web process of the benchmark: Gridcall, an empty ASGI application, and an empty Django view, on one server."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.project.settings")

from django.conf import settings

settings.ROOT_URLCONF = "integration.bench.urls"

from integration.project.asgi import application as gridcall  # noqa: E402  (needs the addresses)

from .empty import EMPTY  # noqa: E402  (stands with the others)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer one address with nothing; Gridcall answers all others."""
    if scope.get("path") != EMPTY:
        await gridcall(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
