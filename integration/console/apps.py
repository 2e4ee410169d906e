from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate


class ConsoleConfig(AppConfig):
    name = "integration.console"
    label = "config"  # the prefix of AUTH_USER_MODEL, tables and permissions
    verbose_name = "Settings"

    def ready(self) -> None:
        from derms.planning.decision import Counting

        from .asked import customers_asked
        from .roles import save_roles

        post_migrate.connect(save_roles, sender=self)
        Counting.customers = customers_asked


class RecordsConfig(AdminConfig):
    """Django's admin with the project's own site."""

    default_site = "integration.console.admin_site.Records"
