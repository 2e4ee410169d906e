"""What a file is, and where in it the table begins: lines of a title may be above the heading."""

import codecs
import csv
import io
from collections.abc import Sequence
from typing import IO

from . import refusals
from .espi import is_espi
from .hourly import hourly_of
from .kinds import Kind
from .refusals import FileRefused

SAMPLE_BYTES = 65_536
BLOCK_BYTES = 1 << 20
SEPARATORS = (",", ";", "\t")
MOST_ABOVE = 30  # rows in which a heading is looked for
OLD_EXCEL, ZIP, PARQUET = b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"PAR1"
OTHERS = {
    b"%PDF": "it is a PDF",
    OLD_EXCEL: "it is an Excel file of the old form (.xls)",
    b"\x1f\x8b": "it is compressed",
    b"<?xml": "it is XML, but no Green Button file",
}


def format_of(file: IO[bytes], name: str) -> str:
    file.seek(0)
    start = file.read(SAMPLE_BYTES)
    if not start.strip():
        raise FileRefused(refusals.IS_EMPTY(file=name))
    if start.startswith(PARQUET):
        return "parquet"
    if start.startswith(ZIP):
        return "xlsx"
    if is_espi(start):
        return "espi"
    for mark, seen in OTHERS.items():
        if start.startswith(mark):
            raise FileRefused(refusals.NO_TABLE(file=name, seen=seen))
    if b"\0" in start and _utf_16(start) is None:
        raise FileRefused(refusals.NO_TABLE(file=name, seen="it contains bytes that are no text"))
    return "csv"


def _utf_16(start: bytes) -> str | None:
    """UTF-16, by its mark or by its pattern of zeros in text of mostly Latin letters."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) > 0.4 * len(start) / 2 and min(even, odd) < 0.05 * len(start) / 2:
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def encoding_of(file: IO[bytes], name: str) -> str:
    """UTF-8, if all of the file is; UTF-16; else Windows-1252, in which nearly every byte means something."""
    file.seek(0)
    if found := _utf_16(file.read(SAMPLE_BYTES)):
        return found
    file.seek(0)
    decoder, line, is_utf_8 = codecs.getincrementaldecoder("utf-8-sig")(), 1, False
    while True:
        block = file.read(BLOCK_BYTES)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as problem:
            good = problem.object[: problem.start]
            if is_utf_8 or not good.isascii() or not block:
                line += good.count(b"\n")
                raise FileRefused(refusals.DAMAGED_TEXT(file=name, line=line)) from problem
            return "cp1252"
        is_utf_8 = is_utf_8 or not text.isascii()
        line += text.count("\n")
        if not block:
            return "utf-8-sig"


def beginning_of(file: IO[bytes], encoding: str, separator: str, kind: Kind) -> tuple[str, int]:
    """The separator of a CSV file, the one that the heading has most of, and how many lines are above the heading."""
    file.seek(0)
    text = io.StringIO(file.read(SAMPLE_BYTES).decode(encoding, errors="replace"), newline="")
    lines = [(number, line) for number, line in enumerate(text) if line.strip()][:MOST_ABOVE]
    first = lines[0][1] if lines else ""
    usual = separator or max(SEPARATORS, key=first.count)
    for sign in [separator] if separator else sorted(SEPARATORS, key=usual.__ne__):
        rows = [(number, next(csv.reader([line], delimiter=sign), [])) for number, line in lines]
        if skip := lines_above(rows, kind):
            return sign, skip
    return usual, 0


def lines_above(rows: Sequence[tuple[int, list[str]]], kind: Kind) -> int:
    """How many lines are above the heading, given the first rows with how many lines are above each.

    The first row is the heading, unless another one has clearly more headings that are known.
    """
    known = [_known(cells, kind) for _above, cells in rows]
    best = max(range(len(rows)), key=known.__getitem__, default=0)
    return rows[best][0] if known and known[best] > max(1, known[0] + 1) else 0


def _known(cells: Sequence[str], kind: Kind) -> int:
    """How many columns of a kind a row names."""
    hours = hourly_of(cells, kind, [])
    return len(kind.matching(cells)) + (2 if hours else 0)
