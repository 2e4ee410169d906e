from django.apps import AppConfig


class IntegrationConfig(AppConfig):
    name = "integration"
    verbose_name = "Messages"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers them)
