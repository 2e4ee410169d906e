from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "integration.project"
    label = "project"
    verbose_name = "Gridcall"

    def ready(self) -> None:
        from . import celery  # noqa: F401  (the application that runs the seam's shared tasks)
