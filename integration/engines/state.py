"""The state folder: it holds the engines' files and records which processes use them."""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

PROJECT = Path(__file__).resolve().parents[2]
# A socket's address has room for 107 bytes; the longest name in the folder, with "run" and slashes, takes 19.
LONGEST_ROOT = 80
# A comma would separate folders in PostgreSQL's setting; other characters would need escaping in both engines' URLs.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


class EnginesNotUsable(RuntimeError):
    """The engines can't run here; the text says why and what to do."""


class State:
    """A state folder with its engines. Several may run side by side, each in its own folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @classmethod
    def of_environment(cls) -> "State":
        """The folder in GRIDCALL_STATE, by default .local in the project."""
        return cls(Path(os.environ.get("GRIDCALL_STATE") or PROJECT / ".local"))

    @property
    def sockets(self) -> Path:
        """The folder of the sockets: in the state folder, or under /tmp if that path is too long or needs escaping."""
        root = os.fsencode(self.root)
        if len(root) <= LONGEST_ROOT and PLAIN_PATH.fullmatch(str(self.root)):
            return self.root / "run"
        # Not $TMPDIR: it may differ between two shells, and both must find the same engines.
        return Path("/tmp") / f"gridcall-{os.geteuid()}-{hashlib.sha256(root).hexdigest()[:12]}"  # noqa: S108

    def new_log(self, name: str) -> Path:
        """The path for a new log; the previous run's log is kept beside it as NAME.log.1."""
        log = self.root / "log" / f"{name}.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(f"{name}.log.1"))
        return log

    def secret_key(self) -> str:
        """The key that signs sessions here, generated once. The caller holds `locked`."""
        path = self.root / "secret-key"
        if not path.exists() or not path.read_text():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(50))
        return path.read_text()

    def make_root(self) -> None:
        """Create the folder, for its owner only. Raises EnginesNotUsable if it belongs to another account."""
        _make_own(self.root)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock that lets only one process start or stop the engines; the sockets' folder exists meanwhile."""
        with self._open("lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _make_own(self.sockets)
            yield

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Count as a user of the engines, at most until this process ends."""
        with self._open("users") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            yield

    def in_use(self) -> bool:
        """Whether any process uses the engines now."""
        with self._open("users") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def wait_until_unused(self) -> None:
        """Sleep until no process uses the engines. A new user may come right after."""
        with self._open("users") as users:
            fcntl.flock(users, fcntl.LOCK_EX)

    def claim_keeper(self) -> TextIO | None:
        """Claim to be the only keeper: the locked file as proof, or None if there is a keeper already."""
        mark = self._open("keeper")
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mark.close()
            return None
        return mark

    def remove(self) -> None:
        """Remove the folder of unused engines once their keeper, which opens files in it, has exited too."""
        with self._open("keeper") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
        shutil.rmtree(self.root)

    def _open(self, name: str) -> TextIO:
        return (self.root / name).open("a")


def is_listening(path: Path) -> bool:
    """Whether a server listens at a socket, even one that is too busy to answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.setblocking(False)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True


def _make_own(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = folder.lstat().st_uid
    if folder.is_symlink() or os.geteuid() not in (0, owner):
        raise EnginesNotUsable(
            f"{folder} belongs to another account (uid {owner}). Take it over with chown, "
            "or choose another folder: GRIDCALL_STATE=/path/of/yours"
        )
