"""`manage.py grant_processes`: let another role than the tables' owner run the processes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration.project.database_roles import RoleNotUsable, grant_processes


class Command(BaseCommand):
    help = "Give a role of the database what the processes need: of history it may only read and add rows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            grant_processes(options["role"])
        except (RoleNotUsable, ValueError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{options['role']} can run the processes.")
