"""The small tables of CPM in Django's admin; customers, devices and bulk tables don't belong there."""

from django.contrib import admin

from integration.pages.admin import Shown

from .models.programs import Program, ProgramType


@admin.register(ProgramType)
class ProgramTypeAdmin(Shown):
    list_display = ("name", "code", "allow_to_opt_out", "opt_out_cutoff_minutes")


@admin.register(Program)
class ProgramAdmin(Shown):
    list_display = ("name", "code", "type", "active", "allow_customer_unavailability", "version")
    list_select_related = ("type",)
