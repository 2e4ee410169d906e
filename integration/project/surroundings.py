"""What the machine may refuse to a command: space, permission, a connection. Each is a sentence, not a traceback."""

import errno
import getpass
import socket

import psycopg2

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
NO_CONNECTION = {errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.ECONNRESET}
DISK_FULL = "53100"  # PostgreSQL's code


def sentence_about(problem: BaseException | None) -> str | None:
    """The sentence about what the machine refused; None if it refused nothing, so that the fault is the program's."""
    while problem is not None:
        if isinstance(problem, psycopg2.OperationalError):
            return _of_database(problem)
        if isinstance(problem, OSError) and (sentence := _of_machine(problem)):
            return sentence
        problem = problem.__cause__
    return None


def _of_database(problem: psycopg2.OperationalError) -> str | None:
    if problem.pgcode == DISK_FULL:
        return f"The disk of the database's server is full ({_line(problem)}). Free some space there; then try again."
    if problem.pgcode is None:
        return f"The database does not answer ({_line(problem)}). Look at its server, the network and DATABASE_URL."
    return None


def _of_machine(problem: OSError) -> str | None:
    place, why = problem.filename or "A file", problem.strerror or str(problem)
    if problem.errno in FULL:
        return f"{place} could not be written: the disk is full ({why}). Free some space; then try again."
    if problem.errno in FORBIDDEN:
        return (
            f"{place} may not be used by the account {getpass.getuser()} ({why}). Choose another place, or give the"
            " account the right to it."
        )
    if isinstance(problem, socket.gaierror | TimeoutError) or problem.errno in NO_CONNECTION:
        return f"There is no connection ({why}). Look at the network and at the addresses in the settings."
    return None


def _line(problem: Exception) -> str:
    """The first line of what the server or its driver said."""
    return str(problem).strip().partition("\n")[0]
