from django.apps import AppConfig


class LecSimConfig(AppConfig):
    name = "lec_sim"
    verbose_name = "Live Energy Connect"
