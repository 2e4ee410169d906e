"""The checks of the database's server: its version, and what its own log would contain."""

import pytest
from django.core.checks import run_checks

from integration.engines.postgres import LOG_SETTINGS
from integration.project.checks import _talkative, _too_old


@pytest.mark.django_db
def test_the_embedded_server_is_fit() -> None:
    found = [one for one in run_checks(databases=["default"]) if one.id in ("gridcall.E004", "gridcall.W001")]

    assert found == []


@pytest.mark.parametrize(("version", "said"), [(140_012, ["PostgreSQL 14 is too old"]), (150_000, []), (180_001, [])])
def test_a_server_before_15_is_refused(version: int, said: list[str]) -> None:
    assert [one.msg.split(":")[0] for one in _too_old(version)] == said


def test_a_talkative_server_is_named_with_the_way_out() -> None:
    (found,) = _talkative(LOG_SETTINGS | {"log_error_verbosity": "default", "log_min_duration_statement": "0"})

    assert found.msg.endswith("customers' data: log_min_duration_statement = 0, log_error_verbosity = default.")
    assert "SET log_error_verbosity = 'terse'" in str(found.hint)
