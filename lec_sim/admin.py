"""How the simulated head ends behave, in Django's admin."""

from django.contrib import admin

from integration.pages.admin import Shown

from .models import HeadEndProfile


@admin.register(HeadEndProfile)
class HeadEndProfileAdmin(Shown):
    list_display = [field.name for field in HeadEndProfile._meta.concrete_fields if not field.primary_key]
