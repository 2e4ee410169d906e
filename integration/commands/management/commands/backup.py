"""`manage.py backup`: write a backup."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.project.backup import BackupNotPossible, write_backup


class Command(BaseCommand):
    help = "Write the database and the extracts into a new folder, while Gridcall runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            write_backup(options["folder"])
        except BackupNotPossible as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"Written: {options['folder']}")
