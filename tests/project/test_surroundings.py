"""What the machine refuses to a command is a sentence, not a traceback."""

import errno
import os
from pathlib import Path

import psycopg2
import pytest
from django.db import OperationalError

from integration.project.surroundings import sentence_about
from tests.processes import manage


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "/srv/x could not be written: the disk is full"),
        (errno.EACCES, "/srv/x may not be used by the account"),
        (errno.EROFS, "/srv/x may not be used by the account"),
        (errno.ENETUNREACH, "There is no connection"),
    ],
)
def test_each_refusal_of_the_machine_is_a_sentence(number: int, said: str) -> None:
    assert str(sentence_about(OSError(number, os.strerror(number), "/srv/x"))).startswith(said)


def test_a_fault_of_the_program_is_none() -> None:
    assert sentence_about(ValueError("a fault")) is None
    assert sentence_about(FileNotFoundError(errno.ENOENT, "No such file", "/srv/x")) is None


def test_a_database_without_an_answer_is_a_sentence() -> None:
    problem = OperationalError("as Django raises it")
    problem.__cause__ = psycopg2.OperationalError("connection refused\nmore")

    assert str(sentence_about(problem)).startswith("The database does not answer (connection refused).")


def test_a_command_says_that_its_database_does_not_answer(state: Path) -> None:
    named = {"DATABASE_URL": "postgresql://gridcall@127.0.0.1:9/gridcall", "REDIS_URL": "redis://127.0.0.1:9/0"}

    done = manage(state, "verify", **named, SECRET_KEY="unused" * 6, GRIDCALL_HTTPS="0")

    assert done.returncode == 1
    assert done.stderr.startswith("The database does not answer (")
    assert "Traceback" not in done.stderr
