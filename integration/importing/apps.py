from django.apps import AppConfig
from django.utils.module_loading import import_string


class ImportingConfig(AppConfig):
    name = "integration.importing"
    verbose_name = "Imports"

    def ready(self) -> None:
        """Load every kind: its sentences are stored in one language and shown in the reader's."""
        from .kinds import KINDS

        for kind in KINDS.values():
            import_string(kind)
