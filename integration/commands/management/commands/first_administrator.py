"""`manage.py first_administrator`: a code with which the first administrator makes their account."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from integration.console.first_administrator import has_administrator, new_code


class Command(BaseCommand):
    help = "Print a code, valid for a day, with which the first administrator makes their account on a page."

    def handle(self, *args: Any, **options: Any) -> None:
        if has_administrator():
            raise CommandError("There is an administrator already, who makes all other accounts (Users and roles).")
        self.stdout.write(f"{settings.PUBLIC_URL}/first-administrator/\nCode: {new_code()}")
