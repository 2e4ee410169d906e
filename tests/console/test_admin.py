"""Django's admin: small tables, read-only, for administrators, under the same security policy as every other page."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from derms.models import ControlZone
from integration.console.models import User
from tests.pages.editing import Tab
from tests.pages.test_static_files import INLINE
from tests.threads import run_together

SMALL = {
    "config.user",
    "cpm.program", "cpm.programtype",
    "derms.controlzone", "derms.headend", "derms.program", "derms.strategy", "derms.eventtype",
    "lec_sim.headendprofile",
}  # fmt: skip


@pytest.fixture
def as_administrator(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


def test_only_small_tables_are_in_it() -> None:
    ours = {"config", "derms", "cpm", "lec_sim", "integration"}
    shown = {model._meta.label_lower for model in apps.get_models() if admin.site.is_registered(model)}
    assert {label for label in shown if label.split(".")[0] in ours} == SMALL


def test_an_administrator_reads_under_the_pages_own_policy(as_administrator: Client, zone: ControlZone) -> None:
    pages = [reverse("admin:index"), reverse("admin:derms_controlzone_change", args=[zone.pk])]
    pages += [reverse(f"admin:{label.replace('.', '_')}_changelist") for label in SMALL]
    for page in pages:
        answer = as_administrator.get(page)
        assert answer.status_code == 200, page
        assert not INLINE.search(answer.content.decode()), page
        assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_nothing_is_added_or_removed_and_a_zone_alone_is_changed(as_administrator: Client, zone: ControlZone) -> None:
    user = User.objects.get()
    assert as_administrator.get(reverse("admin:config_user_add")).status_code == 403
    for verb in ("change", "delete"):
        address = reverse(f"admin:config_user_{verb}", args=[user.pk])
        assert as_administrator.post(address, {"post": "yes", "username": "somebody"}).status_code == 403
    form = {"name": zone.name, "limit_kw": 4321, "code": "OTHER", "seen_version": 1}
    assert as_administrator.post(reverse("admin:derms_controlzone_change", args=[zone.pk]), form).status_code == 302
    assert ControlZone.objects.values_list("code", "limit_kw").get() == (zone.code, 4321)
    assert User.objects.values_list("username", flat=True).get() == user.username


def test_the_later_of_two_tabs_hears_who_changed_the_zone_and_saves_nothing(
    as_administrator: Client, zone: ControlZone
) -> None:
    address = reverse("admin:derms_controlzone_change", args=[zone.pk])
    first, second = (Tab(as_administrator, address) for _tab in range(2))
    assert first.send({"limit_kw": "4321"}) == 302

    assert second.send({"name": "Renamed"}) == 409

    assert "adam saved" in second.page
    assert "4321" in second.page
    assert ControlZone.objects.values_list("name", "limit_kw", "version", "saved_by").get() == (
        zone.name, 4321, 2, "adam",
    )  # fmt: skip
    assert second.send({"limit_kw": "4321"}) == 302
    assert ControlZone.objects.values_list("name", "limit_kw").get() == ("Renamed", 4321)


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_of_a_zone_at_once_exactly_one_succeeds(administrator: User, zone: ControlZone) -> None:
    address = reverse("admin:derms_controlzone_change", args=[zone.pk])
    for limit_kw in (4000, 5000, 6000):
        first, second = Tab(signed_in(administrator), address), Tab(signed_in(administrator), address)
        answers = run_together(
            lambda: first.send({"limit_kw": limit_kw}),  # noqa: B023
            lambda: second.send({"limit_kw": limit_kw + 1}),  # noqa: B023
        )
        assert sorted(answers) == [302, 409]


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_others_are_refused_and_strangers_sign_in_first(client: Client, operator: User) -> None:
    for page in ("/admin/", "/admin/login/", reverse("admin:derms_controlzone_changelist")):
        client.logout()
        assert client.get(page)["Location"].startswith("/account/login/?next=/admin/")
        client.force_login(operator)
        assert client.get(page).status_code == 403
