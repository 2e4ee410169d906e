"""A small server beside a worker or scheduler, on a port of its own, for whoever watches over the processes."""

import json
import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from prometheus_client import CONTENT_TYPE_LATEST

from . import health, metrics

log = logging.getLogger(__name__)


def serve() -> ThreadingHTTPServer | None:
    """Answer /livez, /readyz and /metrics on METRICS_PORT from now on; None where no port is set or it is taken."""
    if not settings.METRICS_PORT:
        return None
    try:
        server = ThreadingHTTPServer((settings.METRICS_ADDRESS, settings.METRICS_PORT), Answers)
    except OSError as problem:
        log.warning("No /metrics on port %s here: %s", settings.METRICS_PORT, problem.strerror)
        return None
    Thread(target=server.serve_forever, name="monitoring", daemon=True).start()
    return server


def answer(path: str) -> tuple[int, str, bytes]:
    """Status, type and text of an address."""
    if path == "/livez":
        return 200, "text/plain", health.OK.encode()
    if path == "/readyz":
        words = health.state()
        return 200 if health.is_ready(words) else 503, "application/json", json.dumps(words).encode()
    if path == "/metrics":
        try:
            return 200, CONTENT_TYPE_LATEST, metrics.text()
        except DatabaseError as problem:
            return 503, "text/plain", f"The database can't be asked ({type(problem).__name__}).".encode()
    return 404, "text/plain", b"/livez, /readyz, /metrics"


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        try:
            status, kind, body = answer(self.path)
        finally:
            connection.close()  # each request is a thread of its own
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """A probe every few seconds is nothing to note."""
