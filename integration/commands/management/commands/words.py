"""`manage.py words`: collect every word people read, and compile the catalogues of the languages it is said in."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Write the catalogues in integration/locale anew; --check only says what is missing. For developers."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a catalogue is not whole")

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
            raise CommandError(f"{len(gaps)} to do in integration/locale; translate them, then run make words again.")
        self.stdout.write(f"{len(found)} words and sentences, all of them translated")
