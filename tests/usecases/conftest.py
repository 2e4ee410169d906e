"""What use cases begin with."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def fresh_start(state: Path) -> dict[str, str]:
    """An environment in which nothing runs yet and the engines' data is in a folder with a space in its name."""
    without = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "EXTRACT_ROOT", "GRIDCALL_STATE"}
    return {**{k: v for k, v in os.environ.items() if k not in without}, "GRIDCALL_STATE": str(state / "a state")}
