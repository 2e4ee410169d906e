from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SeamConfig(AppConfig):
    name = "integration.seam"
    label = "integration"  # in the names of tables, seals and permissions
    verbose_name = "Messages"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers the checks)
        from .outcome_check import renew_check

        post_migrate.connect(renew_check, sender=self)
