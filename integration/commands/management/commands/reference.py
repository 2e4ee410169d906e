"""`manage.py reference`: write the parts of docs/ that come from the code."""

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Write the parts of docs/ anew that come from the code, such as the table of outcomes. For developers."

    def handle(self, *args: Any, **options: Any) -> None:
        from integration.project.reference import DOCS, outdated

        for page, text in outdated():
            page.write_text(text)
            self.stdout.write(f"docs/{page.relative_to(DOCS)}")
