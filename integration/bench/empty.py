"""Where the benchmark's web process answers with nothing: an ASGI application, and a view of Django."""

EMPTY, VIEW = "/bench/empty", "/bench/view"
