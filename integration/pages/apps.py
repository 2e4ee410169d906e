from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "integration.pages"
    label = "pages"
    verbose_name = "Pages"
