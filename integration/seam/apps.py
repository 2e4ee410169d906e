from django.apps import AppConfig


class SeamConfig(AppConfig):
    name = "integration.seam"
    label = "integration"  # what tables, seals and permissions are called by
    verbose_name = "Messages"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers them)
