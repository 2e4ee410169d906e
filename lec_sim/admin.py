"""How the simulated head ends behave, in Django's admin."""

from django.contrib import admin

from integration.pages.admin import Shown

from .models import HeadEndProfile


@admin.register(HeadEndProfile)
class HeadEndProfileAdmin(Shown):
    list_display = ("head_end", "answer_seconds", "offline_share", "reject_share", "overrides_per_hour")
