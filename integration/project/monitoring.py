"""A small server inside a worker or scheduler, on its own port, for the tools that monitor processes."""

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
    """Serve /livez, /readyz and /metrics on METRICS_PORT from now on; None if no port is set or it is taken."""
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
    """The status, content type and body for a path."""
    if path == "/livez":
        return 200, "text/plain", health.OK.encode()
    if path == "/readyz":
        status, report = health.readiness()
        return status, "application/json", json.dumps(report).encode()
    if path == "/metrics":
        try:
            return 200, CONTENT_TYPE_LATEST, metrics.text()
        except DatabaseError as problem:
            return 503, "text/plain", f"The database can't be reached ({type(problem).__name__}).".encode()
    return 404, "text/plain", b"/livez, /readyz, /metrics"


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        try:
            status, kind, body = answer(self.path)
        finally:
            connection.close()  # each request has its own thread
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Log nothing: probes come every few seconds."""
