from django.apps import AppConfig


class ImportingConfig(AppConfig):
    name = "integration.importing"
    verbose_name = "Imports"
