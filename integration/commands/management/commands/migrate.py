"""Django's migrate, which refuses a database whose migrations are not this version's."""

from typing import Any

from django.apps import apps
from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

OURS = ("integration.", "derms", "cpm", "lec_sim")


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        unknown = unknown_migrations(options["database"])
        if unknown:
            raise CommandError(
                f"This database was made by another version of Gridcall: it has {unknown[0]}, which this version does"
                f" not know ({len(unknown)} such migrations). Nothing was changed. If that version is newer, run it."
                " If it is from before 0.2, which was never released, its tables can't be carried over: start with an"
                " empty database (for make run, move the folder .local away)."
            )
        super().handle(*args, **options)


def unknown_migrations(database: str) -> list[str]:
    """Applied migrations of our apps that have no file, as app.name, sorted."""
    connection = connections[database]
    labels = {config.label for config in apps.get_app_configs() if config.name.startswith(OURS)}
    known = set(MigrationLoader(None).disk_migrations)
    applied = set(MigrationRecorder(connection).applied_migrations())
    return sorted(f"{app}.{name}" for app, name in applied - known if app in labels)
