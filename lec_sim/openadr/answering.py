"""Answers of reads: JSON with an ETag of what the client's vens may read, or 304 if it has it already."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.http import HttpResponse, HttpResponseNotModified

from integration.pages.http import ANY, is_known
from integration.pages.polls import known_polls

from ..queries.openadr import since
from .bodies import JSON
from .door import Asking


def answer(asking: Asking, find: Callable[[], Any]) -> HttpResponse:
    """What `find` returns; it is only called if something that the client may read has changed."""
    etag = etag_of(asking)
    response: HttpResponse
    if_none_match = asking.request.headers.get("If-None-Match", "")
    if if_none_match != ANY and is_known(if_none_match, etag):
        response = HttpResponseNotModified()
    else:
        content = _json(find())  # which may not be there at all
        response = HttpResponseNotModified() if if_none_match == ANY else HttpResponse(content, content_type=JSON)
    known_polls.keep(asking.client, asking.poll, etag, generation=asking.generation, now=asking.now)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization"
    return response


def etag_of(asking: Asking) -> str:
    """Of the client, the query and the revisions of its vens; the day counts, since old stages leave with it."""
    revisions = [f"{ven.pk}.{ven.revision}" for ven in asking.vens]
    parts = [asking.client, asking.request.get_full_path(), since(asking.now).isoformat(), *revisions]
    return f'"{sha256("|".join(parts).encode()).hexdigest()[:32]}"'


def _json(found: Any) -> str:
    """Objects as JSON, without the parts that have no value."""
    if isinstance(found, list):
        return f"[{','.join(map(_json, found))}]"
    text: str = found.model_dump_json(exclude_none=True)
    return text
