"""Posting to the CPM from outside, at the address of the settings, with a token or by Basic."""

import base64
import json
import time
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.conf import settings

from integration.seam.delivery import NotYet
from integration.seam.outgoing import Answer, NotReached, post

AWAY_PAUSE = timedelta(seconds=15)
EARLIER_S = 60  # before its end, a token is renewed
BUSY = (429, 502, 503, 504)
LONGEST_DETAIL = 300


class ExternalCpmRefused(Exception):
    """The CPM from outside answered that it does not accept what was posted."""


class _Token(NamedTuple):
    text: str
    until_s: float  # by time.monotonic


_tokens: dict[str, _Token] = {}  # the one of this process, by the address that gave it


def forget_token() -> None:
    """Ask for another token next time."""
    _tokens.clear()


def post_json(address: str, body: dict[str, Any]) -> None:
    """Post to an interface, named by its address after /rest/apis/cross/.

    Raises NotYet if the other system can't be reached or is busy, and ExternalCpmRefused if it refuses.
    """
    url = settings.EXTERNAL_CPM_URL.rstrip("/") + f"/rest/apis/cross/{address}"
    headers = {"Content-Type": "application/json", "Authorization": _authorization()}
    answer = _post(url, json.dumps(body).encode(), headers)
    if answer.status == 401:
        forget_token()
        raise NotYet("the external CPM does not take the token", pause=AWAY_PAUSE)
    if not 200 <= answer.status < 300:
        raise ExternalCpmRefused(f"The external CPM answered {answer.status} to {address}: {_detail(answer)}")


def _authorization() -> str:
    if not settings.EXTERNAL_CPM_TOKEN_URL:
        return _basic()
    url = settings.EXTERNAL_CPM_TOKEN_URL
    known = _tokens.get(url)
    if known is None or known.until_s < time.monotonic():
        known = _tokens[url] = _new_token(url)
    return f"Bearer {known.text}"


def _new_token(url: str) -> _Token:
    form = urlencode({"grant_type": "client_credentials"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": _basic()}
    answer = _post(url, form, headers)
    if answer.status != 200:
        raise ExternalCpmRefused(f"The external CPM answered {answer.status} to the request for a token.")
    try:
        told = json.loads(answer.body)
        return _Token(str(told["access_token"]), time.monotonic() + int(told.get("expires_in", 0)) - EARLIER_S)
    except (ValueError, KeyError, TypeError) as problem:
        raise ExternalCpmRefused("The external CPM's answer to the request for a token has none.") from problem


def _basic() -> str:
    pair = f"{settings.EXTERNAL_CPM_CLIENT_ID}:{settings.EXTERNAL_CPM_SECRET}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    try:
        answer = post(url, body, headers)
    except NotReached as away:
        raise NotYet(f"the external CPM can't be reached: {away}", pause=AWAY_PAUSE) from away
    if answer.status in BUSY:
        raise NotYet(f"the external CPM is busy: it answered {answer.status}", pause=AWAY_PAUSE)
    return answer


def _detail(answer: Answer) -> str:
    """What a problem document says; it may name a device, never a customer."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        return "no JSON"
    return str(told.get("detail", ""))[:LONGEST_DETAIL] if isinstance(told, dict) else ""
