"""docs/reference/api.md: its examples run, and its tables say what is there."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from derms.models import Event, Strategy
from integration.console.models import User
from integration.engines.state import PROJECT
from integration.seam.scopes import SCOPES, permissions_of

from .calling import ACTS, MAY
from .conftest import Made

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_demo")]
PAGE = (PROJECT / "docs" / "reference" / "api.md").read_text()
EXAMPLE = re.compile(r"```\ncurl ([^\n]*)\n```\n(?:\nanswers\n)?\n```json\n(.*?)```", re.DOTALL)


def shape(found: Any) -> Iterator[str]:
    """The names in an answer, with the names above each."""
    for name, value in found.items():
        yield name
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, dict):
            yield from (f"{name}.{below}" for below in shape(first))


def test_every_example_is_answered_with_what_it_shows(account_of: Callable[..., Made]) -> None:
    account, secret = account_of(User.objects.create_superuser("boss"))
    number = Event.objects.filter(state="Completed").latest("pk").number
    examples = EXAMPLE.findall(PAGE)
    assert len(examples) == 5 == PAGE.count("\ncurl ")
    token = ""
    for line, shown in examples:
        address = urlsplit(re.findall(r'https://[^\s"]+', line)[0].replace("DR-2026-0021", number))
        if address.path == "/oauth/token":
            basic = b64encode(f"{account.client_id}:{secret}".encode()).decode()
            form = re.findall(r"-d (\S+)", line)[0]
            kind, header = "application/x-www-form-urlencoded", {"Authorization": f"Basic {basic}"}
            answer = Client(headers=header).post(address.path, form, content_type=kind)
            token = answer.json()["access_token"]
        elif sent := re.findall(r"-d '(.*?)'", line):
            body = json.loads(sent[0]) | {"strategy": str(Strategy.objects.filter(state="Active").earliest("pk").uid)}
            named = dict(re.findall(r'-H "([\w-]+): ([^"]+)"', line)) | {"Authorization": f"Bearer {token}"}
            answer = Client().post(address.path, json.dumps(body), named.pop("Content-Type"), headers=named)
        else:
            where = f"{address.path}?{address.query}"
            answer = Client().get(where, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (200, 201), (line, answer.content)
        assert set(shape(json.loads(shown))) <= set(shape(answer.json())), line


def test_the_tables_name_every_scope_and_address() -> None:
    found = re.findall(r"^\| `(\w+(?::\w+)?)` \| `([\w.` ]+)` \|$", PAGE, re.M)
    scopes = {scope: set(names.split("` `")) for scope, names in found}
    assert scopes == {scope: set(carried) for scope, carried in SCOPES.items()}
    reading, writing = PAGE.split("\n## Reading\n")[1].split("\n## Writing\n")
    rows = re.findall(r"^\| (`[a-z-]+[^|]*) \| [^|]+ \| (`[\w.]+`(?: or `[\w.]+`)?)", reading, re.M)
    named = {one: set(re.findall(r"\w+\.\w+", cell)) for first, cell in rows for one in re.findall("`([^`]+)`", first)}
    takes = {re.sub(r"<(\w+)>", r"{\1}", one): permissions_of(scopes.split()) for one, (_who, scopes) in MAY.items()}
    assert named == takes
    rows = re.findall(r"^\| ((?:POST|PUT) `[^|]*) \| [^|]+ \| `([\w.]+)` \|$", writing, re.M)
    written = {}
    for cell, permission in rows:
        method = ""
        for found_method, address in re.findall(r"(?:(POST|PUT) )?`([^`]+)`", cell):
            method = found_method or method
            written[method, re.sub(r"{(\w+)}", r"<\1>", address)] = permission
    assert written.keys() == ACTS.keys()
    assert all(permission in SCOPES[ACTS[act][1]] for act, permission in written.items())
