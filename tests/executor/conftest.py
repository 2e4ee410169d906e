"""Every test in this folder runs against every implementation; `-k lec` selects one by name."""

from datetime import datetime

import pytest

from .implementations import IMPLEMENTATIONS, Executor
from .seam import StageAtTheSeam


@pytest.fixture(params=sorted(IMPLEMENTATIONS))
def executor(request: pytest.FixtureRequest, db: None, monkeypatch: pytest.MonkeyPatch) -> Executor:
    return IMPLEMENTATIONS[request.param](monkeypatch)


@pytest.fixture
def stage(now: datetime, executor: Executor) -> StageAtTheSeam:
    """A stage that the executor does not know yet."""
    return StageAtTheSeam(executor, now)
