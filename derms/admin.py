"""Small tables of DERMS in Django's admin; bulk tables stay out of it."""

from django.contrib import admin

from integration.pages.admin import Shown

from .models import ControlZone, EventType, HeadEnd, Program, Strategy


@admin.register(ControlZone)
class ControlZoneAdmin(Shown):
    list_display = ("name", "code", "time_zone", "limit_kw", "cooling_months")


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
