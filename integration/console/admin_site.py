"""Django's admin, only for administrators, behind the project's own sign-in."""

from collections.abc import Iterable

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

from integration.pages.access import allow

PERMISSION = "config.change_user"
Entries = Iterable[URLPattern | URLResolver]


class Records(AdminSite):
    """The site behind `admin.site`. Its views use the project's access check, so its own sign-in is never needed."""

    site_title = site_header = _("Gridcall: records")
    index_title = _("Small tables, read-only")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.has_perm(PERMISSION)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        found = super().get_urls()
        guard(found)
        return found


def guard(entries: Entries) -> None:
    """Let only administrators open these addresses and all below them."""
    for entry in entries:
        if isinstance(entry, URLResolver):
            guard(entry.url_patterns)
        else:
            entry.callback = allow(PERMISSION)(entry.callback)
