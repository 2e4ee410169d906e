"""Language, time zone, theme and shortcuts are personal settings."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import timezone

from integration.console.models import User
from tests.pages.editing import save
from tests.pages.html import html_of

CHOSEN = {"language": "de", "time_zone": "Europe/Berlin", "theme": "dark", "alerts_after_min": "0"}


def test_settings_are_saved_and_hold_from_the_next_page_on(client: Client, operator: User) -> None:
    client.force_login(operator)
    assert save(client, "/profile/", CHOSEN).status_code == 302

    page = client.get("/profile/")
    assert page["Content-Language"] == "de"
    text = html_of(page)
    assert '<html lang="de" data-theme-own="dark">' in text
    operator.refresh_from_db()
    assert (operator.time_zone, operator.shortcuts) == ("Europe/Berlin", False)


def test_a_zone_that_does_not_exist_is_refused_and_nothing_is_saved(client: Client, operator: User) -> None:
    client.force_login(operator)
    assert save(client, "/profile/", {**CHOSEN, "time_zone": "Mars/Olympus"}).status_code == 422
    operator.refresh_from_db()
    assert operator.language == "en"


@pytest.mark.django_db
def test_who_is_not_signed_in_is_answered_in_the_browsers_language(client: Client) -> None:
    assert client.get("/account/login/", headers={"Accept-Language": "de"})["Content-Language"] == "de"
    assert client.get("/account/login/", headers={"Accept-Language": "fr"})["Content-Language"] == "en"


def test_moments_without_a_place_are_shown_in_the_persons_zone() -> None:
    moment = Context({"at": datetime(2026, 7, 21, 21, 42, tzinfo=UTC)})
    shown = Template("{% load gridcall %}{% clock at %}|{% clock at 'America/New_York' %}")
    with timezone.override("Europe/Berlin"):
        text = shown.render(moment)
    assert ">23:42</time>|" in text
    assert "17:42 <small>EDT</small></time>" in text
