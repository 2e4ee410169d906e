"""Users, their saved views, and what the set-up remembers."""

from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from integration.seam.alert_rows import Alert, Priority
from integration.seam.versions import Versioned

from .given_roles import SUPERUSER, report_given_roles


class Theme(models.TextChoices):
    AUTO = "auto", _("Same as the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class AlertsFrom(models.IntegerChoices):
    """The least urgent priority of alerts that a person is e-mailed."""

    HIGH = Priority.HIGH, _("of high priority")
    MEDIUM = Priority.MEDIUM, _("of medium priority and above")
    LOW = Priority.LOW, _("all")


class AlertsAfter(models.IntegerChoices):
    """For how many minutes nobody has acknowledged an alert before a person is e-mailed."""

    AT_ONCE = 0, _("at once")
    FIVE = 5, _("for 5 minutes")
    FIFTEEN = 15, _("for 15 minutes")
    THIRTY = 30, _("for 30 minutes")
    HOUR = 60, _("for an hour")


class SavedView(models.Model):
    """A filter and order of a list, saved by a person under a name; path and query make its address."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    path = models.CharField(max_length=200)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("person", "path", "name", name="saved_view_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class People(UserManager["User"]):
    """Accounts; whoever becomes a superuser is reported."""

    use_in_migrations = False

    @transaction.atomic
    def create_superuser(self, *args: Any, **fields: Any) -> "User":
        made = super().create_superuser(*args, **fields)
        report_given_roles(made.username, [], [SUPERUSER], by="manage.py createsuperuser")
        return made


class User(AbstractUser, Versioned):
    """A person with an account, and their own settings.

    A custom model from the start, because Django can't switch to one later.
    """

    language = models.CharField(_("Language"), max_length=8, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    time_zone = models.CharField(_("Time zone of lists that mix zones"), max_length=64, default="UTC")
    theme = models.CharField(_("Theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    shortcuts = models.BooleanField(_("Single-key shortcuts"), default=True)
    alerts_from = models.PositiveSmallIntegerField(
        _("E-mail me alerts"), choices=AlertsFrom.choices, null=True, blank=True
    )
    alerts_after_min = models.PositiveSmallIntegerField(
        _("When nobody has acknowledged them"), choices=AlertsAfter.choices, default=AlertsAfter.AT_ONCE
    )

    objects: ClassVar[People] = People()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [("view_audit_trail", "Can see every change of all systems")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; who is switched off, or has another password, is signed out everywhere, also if switched on again.

        Who changes their own password goes on in a new session.
        """
        has_new_password = self._password is not None  # type: ignore[attr-defined]  # set_password sets it
        is_out = not self._state.adding and (has_new_password or not self.is_active)
        with transaction.atomic():
            super().save(*args, **kwargs)
            if is_out:
                _end_sessions(self.pk)


def _end_sessions(person_id: int) -> None:
    # Whose a session is, is only in its signed contents. There are as many as people who signed in within a day.
    theirs = [one.pk for one in Session.objects.all() if one.get_decoded().get(SESSION_KEY) == str(person_id)]
    Session.objects.filter(pk__in=theirs).delete()


class SetupCode(models.Model):
    """The one code that makes the first administrator, as a digest."""

    ONLY = 1
    LASTS = timedelta(days=1)

    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_setup_code")]

    def __str__(self) -> str:
        return f"made {self.made_at:%Y-%m-%d %H:%M}"


class AlertTold(models.Model):
    """Of which alert a person was last told by e-mail, and how urgent it was."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="+")
    priority = models.PositiveSmallIntegerField(choices=Priority)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("person", "alert", name="alert_told_once")]
        indexes = [models.Index(fields=["person", "-at"], name="alert_told_latest")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class MailTrial(models.Model):
    """A test message that the mail server took, and who asked for it."""

    sent_at = models.DateTimeField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.sent_at:%Y-%m-%d %H:%M}"
