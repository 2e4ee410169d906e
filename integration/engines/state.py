"""The state folder: where the engines keep their files, and who is using them."""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

PROJECT = Path(__file__).resolve().parents[2]
# A socket's address holds 107 bytes, and the longest name in the folder takes 19 with its slash and "run".
LONGEST_ROOT = 80
# Commas end a folder in PostgreSQL's setting, and other characters would need escaping in both engines' URLs.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


class EnginesNotUsable(RuntimeError):
    """The engines can't run here; the text says why, and what to do about it."""


class State:
    """One state folder with its engines. Several may run side by side, each in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @classmethod
    def of_environment(cls) -> "State":
        """The folder GRIDCALL_STATE names, else .local in the project."""
        return cls(Path(os.environ.get("GRIDCALL_STATE") or PROJECT / ".local"))

    @property
    def sockets(self) -> Path:
        """The sockets' folder: in the state folder, or under /tmp where that path is too long or needs escaping."""
        root = os.fsencode(self.root)
        if len(root) <= LONGEST_ROOT and PLAIN_PATH.fullmatch(str(self.root)):
            return self.root / "run"
        # Not $TMPDIR: two shells may differ in it, and both must find the same engines.
        return Path("/tmp") / f"gridcall-{os.geteuid()}-{hashlib.sha256(root).hexdigest()[:12]}"  # noqa: S108

    def new_log(self, name: str) -> Path:
        """The path of an empty log; what the run before wrote stays beside it as NAME.log.1."""
        log = self.root / "log" / f"{name}.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(f"{name}.log.1"))
        return log

    def secret_key(self) -> str:
        """The key that signs sessions here, made once. Call it under `locked`."""
        path = self.root / "secret-key"
        if not path.exists() or not path.read_text():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(50))
        return path.read_text()

    def make_root(self) -> None:
        """Make the folder, the owner's alone. Raises EnginesNotUsable where it is someone else's."""
        _make_own(self.root)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process at a time starts or stops engines here. The sockets' folder is there meanwhile."""
        with self._open("lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _make_own(self.sockets)
            yield

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Be one of the users, at most until the process's end."""
        with self._open("users") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            yield

    def in_use(self) -> bool:
        """Whether any process is one of the users now."""
        with self._open("users") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def wait_until_unused(self) -> None:
        """Sleep until no process is one of the users. A new one may come right after."""
        with self._open("users") as users:
            fcntl.flock(users, fcntl.LOCK_EX)

    def claim_keeper(self) -> TextIO | None:
        """The mark of the one keeper as an open file, or None where a keeper is already there."""
        mark = self._open("keeper")
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mark.close()
            return None
        return mark

    def remove(self) -> None:
        """Remove the folder of engines that nobody uses, once their keeper, which opens files in it, has left too."""
        with self._open("keeper") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
        shutil.rmtree(self.root)

    def _open(self, name: str) -> TextIO:
        return (self.root / name).open("a")


def _make_own(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = folder.lstat().st_uid
    if folder.is_symlink() or os.geteuid() not in (0, owner):
        raise EnginesNotUsable(
            f"{folder} belongs to another account (uid {owner}). Give it to yourself with chown, "
            "or choose another folder: GRIDCALL_STATE=/path/of/yours"
        )
