from django.apps import AppConfig

from .ids import register_ids
from .shown_text import validate_every_text_field


class PagesConfig(AppConfig):
    name = "integration.pages"
    label = "pages"
    verbose_name = "Pages"

    def ready(self) -> None:
        register_ids()
        validate_every_text_field()
