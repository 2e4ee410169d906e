"""Accounts in Django's admin."""

from django.contrib import admin

from integration.pages.admin import Shown

from .models import User


@admin.register(User)
class UserAdmin(Shown):
    list_display = ("username", "is_active", "last_login")
    fields = ("username", "first_name", "last_name", "email", "is_active", "groups", "last_login", "date_joined")
