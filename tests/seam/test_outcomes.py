"""Outcome codes: everything that pages, the database and the documentation need of each exists."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from integration.pages.badges import LOOKS, OUTCOMES, look_of
from integration.seam import outcome_check
from integration.seam.outcomes import CALLS, CODES, SILENT, SUCCESSES, Outcome

CSS = (settings.BASE_DIR / "static/css/app.css").read_text()
ICONS = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (settings.BASE_DIR / "static/icons.svg").read_text()))
INSERT = "INSERT INTO {table} VALUES (0, 1, %s, NULL, NULL, 0, '')"


@pytest.mark.parametrize("code", Outcome)
def test_every_outcome_has_a_badge_and_a_share_of_the_bar(code: Outcome) -> None:
    look = look_of(code)
    assert look == OUTCOMES[code] == LOOKS[code.lower()]
    assert look.icon in ICONS
    assert f".state-{look.form} {{" in CSS
    assert f".fill-{code.about.fill} {{" in CSS


def test_no_two_outcomes_are_drawn_alike() -> None:
    abouts = [code.about for code in Outcome]
    for drawn in ({a.fill for a in abouts}, {(a.icon, a.tone) for a in abouts}, {a.label for a in abouts}):
        assert len(drawn) == len(abouts)


def test_a_success_and_silence_end_a_call() -> None:
    assert SUCCESSES
    assert {*SUCCESSES, *SILENT} <= {*CALLS} < {*CODES}
    assert not {*SUCCESSES} & {*SILENT}


@pytest.fixture(params=["derms_outcome", "cpm_outcome"])
def table(request: pytest.FixtureRequest, db: None) -> Iterator[str]:
    """A table of outcomes with a partition for a stage of no system."""
    name: str = request.param
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name}_0 PARTITION OF {name} FOR VALUES IN (0)")
    return name


def _insert(table: str, code: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT.format(table=table), [code])


@pytest.mark.parametrize("code", Outcome)
def test_the_database_takes_each_code(table: str, code: Outcome) -> None:
    _insert(table, code)


def test_the_database_refuses_what_is_no_code(table: str) -> None:
    with pytest.raises(IntegrityError, match="has_known_code"):
        _insert(table, "D9XX")


def test_a_new_code_is_taken_after_the_next_migrate(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome_check, "CODES", (*CODES, "D9XX"))
    call_command("migrate", verbosity=0)
    _insert(table, "D9XX")
