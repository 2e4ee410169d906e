"""`manage.py restore`: restore a backup and check it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from integration.project.backup import BackupNotPossible, kept_head, restore_backup


class Command(BaseCommand):
    help = "Restore a backup into an empty database and extract folder, then run verify and verify_history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            restore_backup(options["folder"])
        except BackupNotPossible as problem:
            raise CommandError(str(problem)) from problem
        call_command("verify", stdout=self.stdout)
        call_command("verify_history", kept=kept_head(options["folder"]), stdout=self.stdout)
