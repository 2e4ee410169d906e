"""Utilities that came by the sample files: each is brought in once in a run, and its tests work on copies."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.databases import MIGRATED, Databases, Pattern

from .samples import bring_in


@pytest.fixture
def with_samples(
    transactional_db: None, databases: Databases, extract_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., None]]:
    """Go on with a utility to which the sample files of these kinds came, until the end of the test."""
    with ExitStack() as kept:

        def begin(*kinds: str) -> None:
            filled = "_".join(kind[0] + kind[-2:] for kind in kinds)
            pattern = Pattern(f"pattern_{filled}", MIGRATED.name, partial(bring_in, *kinds))
            kept.enter_context(databases.copy(pattern, "samples", extract_folder))

        yield begin
