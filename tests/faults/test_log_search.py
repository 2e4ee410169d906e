"""The search of the logs: it finds each kind of text, in every form, in logs that were replaced, too."""

from datetime import datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from cpm.models import SelfServiceLink
from cpm.models.customers import Customer
from cpm.operations import make_link
from derms.models import ControlZone, Program
from tests import factories
from tests.faults import logs


@pytest.fixture
def texts(db: None, zone: ControlZone, program: Program, now: datetime) -> dict[str, str]:
    factories.fleet(zone, program, 3, since=now)
    make_link(customer_id=Customer.objects.earliest("pk").pk, by="cora", now=now)
    return logs.private_texts()


def _found(tmp_path: Path, text: str, texts: dict[str, str]) -> list[str]:
    log = tmp_path / "web.log"
    log.write_text(f"nothing\nGET {text}&page=2\n")
    return [str(finding) for finding in logs.search([log], texts)]


@pytest.mark.parametrize("form", [str, quote, quote_plus])
def test_each_kind_of_text_is_found_in_each_form(form: type[str], tmp_path: Path, texts: dict[str, str]) -> None:
    kinds = {what: text for text, what in texts.items()}
    assert set(kinds) == {"a name", "an e-mail address", "a phone number", "an address", "a reason", "a link"}
    for what, text in kinds.items():
        assert _found(tmp_path, form(text), texts) == [f"web.log line 2: {what}"]


def test_what_is_left_of_a_link_is_found(tmp_path: Path, texts: dict[str, str]) -> None:
    token = SelfServiceLink.objects.get().token
    assert _found(tmp_path, f"/my-devices/{token[:-5]}", texts) == ["web.log line 2: a link"]


def test_nothing_else_is_found(tmp_path: Path, texts: dict[str, str]) -> None:
    assert _found(tmp_path, "/my-devices/<id:token>/ 2026-11-27T10:00:00Z Testa", texts) == []


def test_a_log_that_was_replaced_twice_is_searched(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    log, kept = tmp_path / "log" / "postgres.log", logs.KeptLogs(tmp_path)
    for said in ("first", "second", "third"):
        if log.exists():
            log.replace(log.with_name("postgres.log.1"))
        log.write_text(said)
        kept.keep()
    assert sorted(each.read_text() for each in kept.all()) == ["first", "second", "third"]


def test_a_run_with_a_finding_or_without_a_log_does_not_hold(tmp_path: Path, texts: dict[str, str]) -> None:
    files = [tmp_path / f"{name}.1" for name in logs.EXPECTED]
    for file in files:
        file.write_text("nothing\n")
    assert logs.searched(files, 1).ok
    assert not logs.searched(files[1:], 1).ok
    files[0].write_text(f"{Customer.objects.earliest('pk').name} called\n")
    row = logs.searched(files, 1)
    assert not row.ok
    assert "1 findings" in row.figure
    assert "line 1: a name" in row.figure
