from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "integration.project"
    label = "project"
    verbose_name = "Gridcall"

    def ready(self) -> None:
        from . import celery  # noqa: F401  (makes it the application that the seam's shared tasks belong to)
