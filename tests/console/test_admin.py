"""Django's admin: small tables, read-only, for administrators, under the same security policy as every other page."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from derms.models import ControlZone
from integration.console.models import User
from tests.pages.test_static_files import INLINE

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


def test_nothing_is_added_changed_or_removed(as_administrator: Client, zone: ControlZone) -> None:
    user = User.objects.get()
    assert as_administrator.get(reverse("admin:config_user_add")).status_code == 403
    for verb in ("change", "delete"):
        address = reverse(f"admin:config_user_{verb}", args=[user.pk])
        assert as_administrator.post(address, {"post": "yes", "username": "somebody"}).status_code == 403
    form = {"name": zone.name, "limit_kw": 4321, "code": "OTHER"}
    assert as_administrator.post(reverse("admin:derms_controlzone_change", args=[zone.pk]), form).status_code == 403
    assert ControlZone.objects.values_list("code", "limit_kw").get() == (zone.code, zone.limit_kw)
    assert User.objects.values_list("username", flat=True).get() == user.username


def test_others_are_refused_and_strangers_sign_in_first(client: Client, operator: User) -> None:
    for page in ("/admin/", "/admin/login/", reverse("admin:derms_controlzone_changelist")):
        client.logout()
        assert client.get(page)["Location"].startswith("/account/login/?next=/admin/")
        client.force_login(operator)
        assert client.get(page).status_code == 403
