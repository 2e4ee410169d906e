"""The menu shows the tools a person may open, in the plan's order, and nothing that doesn't exist."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import include, path
from django.utils import timezone

from integration.console import context
from integration.console.models import User
from integration.pages.access import allow
from integration.seam.models import Alert, Priority


@allow()
def for_everybody(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@allow("derms.view_event")
def for_derms(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@allow("integration.view_alert")
def for_alerts(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def unmarked(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


derms = [path("events/", for_derms, name="event_list"), path("strategies/", unmarked, name="strategy_list")]
urlpatterns = [
    path("", for_everybody, name="overview"),
    path("alerts/", for_alerts, name="alert_list"),
    path("derms/", include((derms, "derms"))),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def labels(user: User | AnonymousUser, address: str = "/") -> dict[str, list[str]]:
    return {str(section.label): [str(item.label) for item in section.items] for section in menu(user, address)}


def menu(user: User | AnonymousUser, address: str = "/") -> list[context.MenuSection]:
    request = RequestFactory().get(address)
    request.user = user
    return context.menu(request)


def test_a_person_sees_what_their_role_opens(operator: User) -> None:
    assert labels(operator) == {"Operate": ["Overview", "DERMS Events", "Alerts"]}


def test_a_person_does_not_see_what_their_role_does_not_open(csr: User) -> None:
    assert labels(csr) == {"Operate": ["Overview"]}


def test_nobody_sees_tools_before_signing_in() -> None:
    assert labels(AnonymousUser()) == {}


def test_the_tool_of_the_page_is_marked_also_on_the_pages_below_it(operator: User) -> None:
    items = {str(item.label): item.current for item in menu(operator, "/derms/events/DR-2026-0142/")[0].items}
    assert items == {"Overview": False, "DERMS Events": True, "Alerts": False}


def test_open_alerts_are_counted(operator: User) -> None:
    Alert.objects.create(key="a", kind="k", priority=Priority.MEDIUM, text="open")
    Alert.objects.create(key="b", kind="k", priority=Priority.MEDIUM, text="closed", closed_at=timezone.now())
    assert {str(item.label): item.waiting for item in menu(operator)[0].items}["Alerts"] == 1


def test_demo_sign_ins_are_shown_in_a_demo_only(settings: SimpleNamespace) -> None:
    settings.DEMO = False
    assert context.demo_sign_ins() is None
    settings.DEMO = True
    demo = context.demo_sign_ins()
    assert demo
    assert demo["people"]
