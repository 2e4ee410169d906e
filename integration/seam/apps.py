from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SeamConfig(AppConfig):
    name = "integration.seam"
    label = "integration"  # what tables, seals and permissions are called by
    verbose_name = "Messages"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers them)
        from .outcome_check import renew_check

        post_migrate.connect(renew_check, sender=self)
