"""Small tables of DERMS in Django's admin; bulk tables stay out of it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integration.pages.admin import Shown

from .models import ControlZone, EventType, HeadEnd, Program, Strategy


@admin.register(ControlZone)
class ControlZoneAdmin(Shown):
    """A zone's name, limit and cooling months have no page of their own, so they are changed here."""

    list_display = ("name", "code", "time_zone", "limit_kw", "cooling_months")
    readonly_fields = ("code", "time_zone")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)


@admin.register(HeadEnd)
class HeadEndAdmin(Shown):
    list_display = ("name", "code")


@admin.register(Program)
class ProgramAdmin(Shown):
    list_display = ("name", "code", "active", "version")


@admin.register(Strategy)
class StrategyAdmin(Shown):
    list_display = ("name", "zone", "type", "objective", "state")
    list_select_related = ("zone", "type")


@admin.register(EventType)
class EventTypeAdmin(Shown):
    list_display = ("category", "lead_time_s", "outcome_timeout_s", "reserve_margin_pct", "balance_authority_check")
