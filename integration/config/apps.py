from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    name = "integration.config"
    label = "config"
    verbose_name = "Settings"

    def ready(self) -> None:
        from . import celery  # noqa: F401  (makes this the application that integration's shared tasks belong to)
        from .roles import save_roles

        post_migrate.connect(save_roles, sender=self)


class RecordsConfig(AdminConfig):
    """Django's admin with the project's own site."""

    default_site = "integration.config.admin_site.Records"
