"""Answers to requests that Django never sees: a sentence, as a page for a browser, a problem document for a program."""

import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.template.loader import render_to_string
from django.utils import translation
from structlog.contextvars import bind_contextvars

from integration.pages.problems import TYPE, is_api, problem_text
from integration.seam.logs import HEADER, request_id
from integration.seam.recorded import in_words

from .bodies import Receive, forget_rest

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
# The page loads its styles and its icon; everything else is refused by it (content_policy.py).
POLICY = b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'"


async def refuse(scope: Message, send: Send, status: int, sentence: str, rest: Receive | None = None) -> None:
    """Answer and close the connection; `rest` is what the client still sends.

    Most clients read an answer only when they have sent everything, and lose it if the connection ends before.
    """
    kind, body = _answer(scope, status, sentence)
    known = request_id() or uuid.uuid4()
    bind_contextvars(request_id=known)
    headers = [
        (HEADER.lower().encode(), str(known).encode()),
        (b"content-type", kind + b"; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", POLICY),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    if rest:
        await forget_rest(rest)
    await send({"type": "http.response.body", "body": b""})


def _answer(scope: Message, status: int, sentence: str) -> tuple[bytes, bytes]:
    """The type and the content of the answer, in the language that the browser asks for."""
    if is_api(scope["path"]):
        return TYPE.encode(), problem_text(status, sentence).encode()
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    if b"text/html" not in accepted:
        return b"text/plain", sentence.encode()
    language = translation.get_language_from_request(ASGIRequest(dict(scope), BytesIO()))
    with translation.override(language):
        context = {"sentence": in_words(sentence), "language": language}
        return b"text/html", render_to_string("refused.html", context).encode()
