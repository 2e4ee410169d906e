"""`manage.py reference`: write the parts of docs/ that are generated from the code."""

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Rewrite the parts of docs/ that are generated from the code, such as the outcomes' table. For developers."

    def handle(self, *args: Any, **options: Any) -> None:
        from integration.project.reference import DOCS, outdated

        for page, text in outdated():
            page.write_text(text)
            self.stdout.write(f"docs/{page.relative_to(DOCS)}")
