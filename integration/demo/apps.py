from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "integration.demo"
    label = "demo"
    verbose_name = "Demo utility"
