"""Five hundred damaged files: each is read, or refused with a sentence for the file or for its rows."""

import io
import random
from collections.abc import Callable

import pytest

from integration.importing.blocks import read_blocks
from integration.importing.kinds import kind_of
from integration.importing.recognising import recognise, require_columns
from integration.importing.refusals import FileRefused
from integration.importing.staging import Progress, Reader

from .samples import FILES, SAMPLES

pytestmark = pytest.mark.django_db  # a heading may be the code of a control zone

DAMAGED = 500
MOST_ROWS = 60


class Unwatched(Progress):
    """The progress of a file that nobody watches."""

    def __init__(self) -> None: ...

    def note(self, rows: int) -> None: ...

    def __exit__(self, *problem: object) -> None: ...


def flipped(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def cut_off(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def put_in(data: bytes, dice: random.Random) -> bytes:
    parts = ['"', "\n", "\r", ";", ",", "\0", "=1+1", "1E10", "ÿþ", "1.000,5", "\t", "٣", "x" * 200]
    at = dice.randrange(len(data))
    return data[:at] + dice.choice(parts).encode() * dice.randint(1, 3) + data[at:]


def taken_out(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + data[at + dice.randint(1, 40) :]


def shuffled(data: bytes, dice: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    dice.shuffle(lines)
    return b"".join(lines)


def in_another_encoding(data: bytes, dice: random.Random) -> bytes:
    encoding = dice.choice(["utf-16", "utf-16-be", "utf-8-sig", "cp437"])
    return data.decode("cp1252", "replace").encode(encoding, "replace")


DAMAGES: list[Callable[[bytes, random.Random], bytes]] = [
    flipped, cut_off, put_in, taken_out, shuffled, in_another_encoding,
]  # fmt: skip


def test_each_of_five_hundred_damaged_files_is_a_sentence_or_read() -> None:
    samples = [(kind, (SAMPLES / name).read_bytes()) for kind, name in FILES]
    samples = [
        (kind, data if data[:4] == b"PAR1" else b"".join(data.splitlines(True)[:MOST_ROWS])) for kind, data in samples
    ]
    said = set[str]()
    for number in range(DAMAGED):
        dice = random.Random(number)  # noqa: S311  (the same files each time)
        kind, data = samples[number % len(samples)]
        said.update(_said_of(kind, dice.choice(DAMAGES)(data, dice)))

    assert len(said) > 40
    assert all(text[0].isupper() or text[0] == "“" for text in said)
    assert [text for text in said if not text.rstrip().endswith((".", "?")) and "can't be read: " not in text] == []


def _said_of(kind_name: str, data: bytes) -> list[str]:
    kind = kind_of(kind_name)
    try:
        found = recognise(io.BytesIO(data), "file.csv", kind, day_order="dmy")
        require_columns(found, kind, "file.csv")
        blocks = read_blocks(found.source(io.BytesIO(data), "file.csv"), len(found.heading))
        reader = Reader(blocks, kind, found, Unwatched())
        while reader.read(1 << 18):
            pass
    except FileRefused as refused:
        return [str(refused)]
    return [one.reason for one in reader.refused]
