"""What the frame around every page shows."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from derms.queries.forecast_age import newest_forecast, too_old
from integration.seam import clock
from integration.seam.logs import request_id
from integration.seam.models import Alert

from .first_administrator import has_administrator
from .help import help_url
from .models import SavedView
from .second_factor import needs_factor


class Tool(NamedTuple):
    """An entry of the menu; its view decides who may open it, `waiting` counts what waits there."""

    label: str | Promise
    icon: str
    url_name: str
    waiting: Callable[[], int] | None = None
    key: str = ""  # the key that opens it after g


class MenuItem(NamedTuple):
    label: str | Promise
    icon: str
    url: str
    current: bool
    waiting: int | None  # None: nothing is counted there
    key: str


class MenuSection(NamedTuple):
    label: str | Promise
    items: list[MenuItem]


def count_unseen_alerts() -> int:
    """Return how many alerts are open that nobody has acknowledged."""
    return Alert.objects.filter(Alert.UNSEEN).count()


TOOLS: dict[str | Promise, list[Tool]] = {
    _("Operate"): [
        Tool(_("Overview"), "layout-dashboard", "overview", key="o"),
        Tool(_("DERMS Events"), "calendar-event", "derms:event_list", key="e"),
        Tool(_("Strategies"), "template", "derms:strategy_list", key="s"),
        Tool(_("DER Groups"), "sitemap", "derms:group_list"),
        Tool(_("Devices"), "plug-connected", "derms:device_list", key="d"),
        Tool(_("Load forecast"), "calendar-time", "derms:forecast"),
        Tool(_("Operating reserve"), "bolt", "derms:reserve"),
        Tool(_("Calls this season"), "table", "derms:calls"),
        Tool(_("Devices that never answer"), "wifi-off", "derms:silent_list"),
        Tool(_("Alerts"), "bell", "alert_list", count_unseen_alerts, "a"),
    ],
    _("Programs"): [
        Tool(_("Program Events"), "file-analytics", "cpm:program_event_list", key="p"),
        Tool(_("Event Participation"), "list-details", "cpm:participation_list", key="t"),
        Tool(_("Programs"), "clipboard-list", "cpm:program_list"),
        Tool(_("Settlement"), "table", "cpm:settlement_run_list"),
    ],
    _("Customers"): [
        Tool(_("Customer Program Summary"), "users", "cpm:customer_list", key="c"),
        Tool(_("Enrollments"), "clipboard-list", "cpm:enrollment_list"),
        Tool(_("Meters"), "bolt", "cpm:meter_list"),
    ],
    _("System"): [
        Tool(_("Live Energy Connect"), "access-point", "lec_sim:stage_list", key="l"),
        Tool(_("Audit trail"), "history", "audit_trail", key="h"),
        Tool(_("Grid"), "sitemap", "derms:grid"),
        Tool(_("Users and roles"), "user-circle", "user_list"),
        Tool(_("Service accounts"), "key", "service_account_list"),
        Tool(_("Webhooks"), "send", "webhook_list"),
        Tool(_("Import"), "table", "import_list"),
        Tool(_("Event types"), "clock", "derms:event_type_list"),
        Tool(_("Messages"), "mail", "message_list", key="m"),
        Tool(_("Set-up"), "clipboard-list", "set_up"),
    ],
}


def frame(request: HttpRequest) -> dict[str, Callable[[], object]]:
    """The server's time, the menu and the person; each is computed only if a template uses it."""
    shown_menu = cache(lambda: menu(request))
    return {
        "server_now": cache(clock.now),
        "request_id": request_id,
        "menu": shown_menu,
        "unseen_alerts": lambda: unseen_alerts(shown_menu()),
        "saved_views": lambda: SavedView.objects.filter(person_id=request.user.pk, path=request.path),
        "own_zone": timezone.get_current_timezone_name,
        "forecast_age": cache(forecast_age),
        "roles": lambda: [str(_(name)) for name in request.user.groups.values_list("name", flat=True)],
        "demo": demo_sign_ins,
        "logo": lambda: settings.UTILITY_LOGO,
        "utility_name": lambda: settings.UTILITY_NAME,
        "openid_name": lambda: settings.OPENID_NAME if settings.OPENID_ISSUER else "",
        "openid_url": lambda: openid_url(request),
        "local_accounts": lambda: settings.LOCAL_ACCOUNTS or "local" in request.GET,
        "has_password": lambda: request.user.is_authenticated and request.user.has_usable_password(),
        "lacks_administrator": lambda: not has_administrator(),
        "lacks_factor": lambda: needs_factor(request.user.pk or 0),
        "help_url": lambda: help_url(request.path),
    }


def openid_url(request: HttpRequest) -> str:
    """Where people sign in at the OpenID provider, and come back to the page they wanted."""
    url = reverse("openid_connect_login", args=[settings.OPENID_PROVIDER])
    wanted = request.GET.get("next")
    return f"{url}?{urlencode({'next': wanted})}" if wanted else url


def unseen_alerts(sections: list[MenuSection]) -> int | None:
    """Return how many alerts wait in this person's menu; None if they may not see alerts."""
    counts = [item.waiting for section in sections for item in section.items if item.waiting is not None]
    return sum(counts) if counts else None


class Age(NamedTuple):
    """When the newest forecast was loaded, and whether that is too long ago."""

    loaded_at: datetime
    is_old: bool


def forecast_age() -> Age | None:
    """The age of the newest loaded forecast; None if there is none."""
    loaded_at = newest_forecast()
    if loaded_at is None:
        return None
    return Age(loaded_at, clock.now() - loaded_at > too_old())


def menu(request: HttpRequest) -> list[MenuSection]:
    """The tools that this person may open, by section, without empty sections."""
    sections = [MenuSection(label, menu_items(request, tools)) for label, tools in TOOLS.items()]
    shown = max(
        (i.url for _label, items in sections for i in items if is_current(request.path, i.url)), key=len, default=""
    )
    return [
        MenuSection(label, [item._replace(current=item.url == shown) for item in items])
        for label, items in sections
        if items
    ]


def menu_items(request: HttpRequest, tools: list[Tool]) -> list[MenuItem]:
    items = []
    for tool in tools:
        try:
            url = reverse(tool.url_name)
        except NoReverseMatch:
            continue
        if may_open(request.user, url):
            waiting = tool.waiting() if tool.waiting else None
            items.append(MenuItem(tool.label, tool.icon, url, False, waiting, tool.key))
    return items


def may_open(user: AbstractUser | AnonymousUser, url: str) -> bool:
    """Whether the view behind an address admits this person, judged by the mark of integration.pages.access."""
    permissions = getattr(resolve(url).func, "allow", None)
    if permissions is None or not user.is_authenticated:
        return False
    return not permissions or any(user.has_perm(name) for name in permissions)


def is_current(path: str, url: str) -> bool:
    """Whether a page is a tool's page or below it; if several match, the tool with the longest address wins."""
    return path == url if url == "/" else path.startswith(url)


def demo_sign_ins() -> dict[str, object] | None:
    """The people of the demo utility and their password, for a demo's sign-in page only."""
    return import_string(settings.DEMO_SIGN_INS)() if settings.DEMO else None
