"""Doesn't send fragments again that have not changed."""

import hashlib
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from .http import is_known

# Differs in each response without meaning a change: the clock (pages count by themselves), and keys of forms.
VOLATILE = re.compile(
    rb'<time data-(?:countdown|age)[^>]*>[^<]*</time>|data-now="[^"]*"'
    rb'|name="(?:csrfmiddlewaretoken|request_key)" value="[^"]*"'
)


class NotModified:
    """Adds an ETag of their content to fragments, and answers 304 if the page already shows it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_fragment = request.headers.get("HX-Request") == "true" and request.method == "GET"
        if not is_fragment or response.status_code != 200 or response.streaming:
            return response
        etag = f'"{hashlib.sha256(VOLATILE.sub(b"", response.content)).hexdigest()[:32]}"'
        if is_known(request.headers.get("If-None-Match", ""), etag):
            response = HttpResponseNotModified()
        response["ETag"] = etag
        response["Cache-Control"] = "private, no-cache"
        return response
