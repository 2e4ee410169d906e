"""`manage.py words`: collect the texts that people read and compile the catalogues of their translations."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Rewrite the catalogues in integration/locale; --check only lists what is missing. For developers."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a text is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        from integration.project.words import Catalogue, words_of_project

        found = words_of_project(Path(settings.BASE_DIR))
        gaps = []
        for language, _name in settings.LANGUAGES[1:]:
            catalogue = Catalogue(language)
            gaps += catalogue.gaps(found) if options["check"] else catalogue.renew(found)
        for gap in gaps:
            self.stdout.write(gap)
        if gaps:
            raise CommandError(f"{len(gaps)} texts to do in integration/locale; translate them, then run this again.")
        self.stdout.write(f"{len(found)} texts, all of them translated")
