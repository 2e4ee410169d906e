"""Bring in a file of a utility's own: show what it would change, and apply it if asked."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.importing import operations, queries
from integration.importing.choices import RunState
from integration.importing.kinds import KINDS, Kind, kind_of
from integration.importing.mappings import mapping_named, save_mapping
from integration.importing.models import ImportRun
from integration.importing.recognising import Recognised
from integration.seam import clock
from integration.seam.refusals import Refused

LAYOUT = ("encoding", "separator", "sheet", "decimal", "day_order", "time_zone")
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}


class Command(BaseCommand):
    help = (
        "Read a CSV, Excel or Parquet file of one kind and show what it would change; with --apply, change it. "
        "In this order: " + ", ".join(KINDS) + "."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
        parser.add_argument("file", type=Path)
        acts = parser.add_mutually_exclusive_group()
        acts.add_argument("--dry-run", action="store_true", help="only show what it would change (the default)")
        acts.add_argument("--apply", action="store_true", help="apply it; nothing, if any row is refused")
        parser.add_argument("--good-rows", action="store_true", help="apply the good rows, whatever is refused")
        parser.add_argument("--whole-truth", action="store_true", help="end what the file no longer holds")
        parser.add_argument(
            "--map", action="append", default=[], metavar="COLUMN=HEADING", help="match a column by hand; repeatable"
        )
        parser.add_argument("--mapping", metavar="NAME", help="read it by the mapping saved under this name")
        parser.add_argument("--save-mapping", metavar="NAME", help="save how it is read under this name")
        parser.add_argument("--refused", type=Path, help="write the refused rows, with reasons, to this file")
        parser.add_argument("--encoding", help="of a CSV file, such as cp1252")
        parser.add_argument("--separator", choices=SEPARATORS, help="of a CSV file")
        parser.add_argument("--sheet", help="of an Excel file")
        parser.add_argument("--decimal", choices=[".", ","], help="the decimal sign")
        parser.add_argument("--day-order", choices=["dmy", "mdy"], help="how dates like 03/04/2026 are read")
        parser.add_argument("--time-zone", help="of times without an offset, such as Europe/Berlin")
        parser.add_argument("--by", default="command", help="whose name the run has")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        kind = kind_of(options["kind"])
        try:
            run = self._check(kind, file, options)
            if options["apply"]:
                run = self._apply(run, options)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        except OSError as problem:
            raise CommandError(f"{file} can't be read: {problem}") from problem
        if run.refused and not options["good_rows"]:
            raise CommandError(f"{run.refused:,} rows are refused; nothing was changed.")

    def _check(self, kind: Kind, file: Path, options: dict[str, Any]) -> ImportRun:
        by, layout = options["by"], {name: options[name] for name in LAYOUT if options[name]}
        if options["separator"]:
            layout["separator"] = SEPARATORS[options["separator"]]
        by_hand = dict(_pair(text) for text in options["map"])
        saved = mapping_named(kind.name, options["mapping"]) if options["mapping"] else None
        with file.open("rb") as opened:
            run = operations.receive_file(
                kind=kind.name, file=opened, name=file.name, by=by, now=clock.now(), given=layout, saved=saved
            )
        run = operations.check_file(uid=run.uid, by_hand=by_hand, layout={}, by=by, now=clock.now())
        if options["save_mapping"]:
            save_mapping(run=run, name=options["save_mapping"], by=by, now=clock.now())
        operations.check_run(run.pk, now=clock.now())
        run = ImportRun.objects.get(pk=run.pk)
        self._show(run, kind)
        if run.state == RunState.REFUSED:
            raise CommandError(run.why)
        if options["refused"] and run.refused:
            with options["refused"].open("w", newline="", encoding="utf-8-sig") as out:
                queries.write_refused(run, out)
        return run

    def _apply(self, run: ImportRun, options: dict[str, Any]) -> ImportRun:
        run = operations.apply_file(
            uid=run.uid,
            only_good_rows=options["good_rows"],
            ends_missing=options["whole_truth"],
            by=run.by,
            now=clock.now(),
        )
        operations.apply_run(run.pk, now=clock.now())
        run = ImportRun.objects.get(pk=run.pk)
        if run.state != RunState.APPLIED:
            for row in queries.changed_since(run, kind_of(run.kind)):
                self.stdout.write(f"  line {row['line']}, {row['key']}: {_differs(row)} {row['note']}".rstrip())
            raise CommandError(run.why)
        self.stdout.write("Applied.")
        return run

    def _show(self, run: ImportRun, kind: Kind) -> None:
        found = Recognised(**run.recognised)
        how = filter(None, (found.format, found.encoding, found.separator and f"separator {found.separator!r}"))
        self.stdout.write(f"{run.file_name}: {', '.join(how)}; SHA-256 {run.file_sha256}")
        for name, place in found.mapping.items():
            self.stdout.write(f"  {name}: {found.heading[place]}")
        for value, place in found.across.items():
            self.stdout.write(f"  {value}: {found.heading[place] if place >= 0 else 'all rows'}")
        if earlier := queries.earlier_run(run):
            self.stdout.write(f"The same file was applied on {earlier.ended_at:%Y-%m-%d %H:%MZ} by {earlier.by}.")
        self.stdout.write(
            f"{run.rows_read:,} rows: {run.added:,} added, {run.changed:,} changed, {run.unchanged:,} unchanged, "
            f"{run.refused:,} refused; {run.missing:,} no longer in the file."
        )
        for suspicion in run.suspicions:
            self.stderr.write(f"  Look at this before you apply it: {suspicion}")
        for row in queries.sample_of_changes(run, kind, "changed"):
            self.stdout.write(f"  line {row['line']}, {row['key']}: {_differs(row)}")
        for name in run.missing_shown:
            self.stdout.write(f"  no longer in the file: {name}")
        for cell in queries.refused_cells(run)[: queries.SHOWN]:
            self.stderr.write(f"  line {cell.line}, {cell.column} “{cell.value}”: {cell.reason}")


def _differs(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {old} -> {new}" for name, old, new in row["differs"])


def _pair(text: str) -> tuple[str, str]:
    column, sign, heading = text.partition("=")
    if not sign:
        raise CommandError(f"--map {text}: write COLUMN=HEADING.")
    return column.strip(), heading.strip()
