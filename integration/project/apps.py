from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "integration.project"
    label = "project"
    verbose_name = "Gridcall"

    def ready(self) -> None:
        # The application that runs the seam's shared tasks, and the checks, which register themselves.
        from . import celery, checks  # noqa: F401
