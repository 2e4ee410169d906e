from django.apps import AppConfig


class CommandsConfig(AppConfig):
    name = "integration.commands"
    label = "commands"
    verbose_name = "Commands"
