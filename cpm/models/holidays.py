"""The utility's holidays: the public ones of its country, and dates of its own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from integration.seam.versions import Versioned

THE_ONLY = 1  # the row of the calendar


class HolidayCalendar(Versioned):
    """Whose public holidays the utility keeps; one row, or none before somebody chose a country."""

    country = models.CharField(max_length=2, blank=True, default="", help_text="Two letters; empty: none.")
    part = models.CharField("part of the country", max_length=40, blank=True, default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=THE_ONLY), name="holiday_calendar_is_one_row")]

    def __str__(self) -> str:
        return "-".join(filter(None, (self.country, self.part)))


class Holiday(models.Model):
    """A holiday of the utility: of its country, or `is_own` if a person or a file entered it."""

    day = models.DateField()
    name = models.CharField(max_length=120, blank=True, default="")
    is_own = models.BooleanField(default=False)

    class Meta:
        ordering = ["day", "is_own"]
        constraints = [models.UniqueConstraint(fields=["day", "is_own"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()
