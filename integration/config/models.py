"""People who sign in."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    AUTO = "auto", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractUser):
    """A person with an account, and how they like their pages.

    A model of our own from the first day, because Django can't change to one later.
    """

    language = models.CharField(_("Language"), max_length=8, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    time_zone = models.CharField(_("Time zone of lists that mix zones"), max_length=64, default="UTC")
    theme = models.CharField(_("Theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    shortcuts = models.BooleanField(_("Keyboard shortcuts of one key"), default=True)
