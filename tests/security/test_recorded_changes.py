"""What people set up on pages leaves a row of history: who, when, each field's value before and after."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from cpm.models import Customer, SelfServiceLink
from derms.models import ControlZone, DerGroup, EventType, Strategy
from integration.console.changes import KINDS
from integration.console.models import User
from integration.console.roles import ADMINISTRATOR, APPROVER, CSR
from integration.pages.object_log import object_log
from integration.seam import sealing
from integration.seam.history import ObjectChange
from integration.seam.models import Alert
from tests import factories

pytestmark = pytest.mark.django_db

# Forms that save a row without history: what only its owner sees.
PERSONAL = {"SavedView"}
RECORDED = """
SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE p.proname = 'gridcall_record_change' OR t.tgname LIKE 'pgtrigger_update%' OR t.tgname = 'state_needs_transition'
"""


def rows(kind: str, **of: Any) -> list[ObjectChange]:
    return list(ObjectChange.objects.filter(kind=kind, **of).order_by("id"))


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def model_forms(of: type[Any] = forms.ModelForm) -> Iterator[type[Any]]:
    for one in of.__subclasses__():
        yield one
        yield from model_forms(one)


def recorded_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(RECORDED)
        return {name for (name,) in cursor.fetchall()}


def test_every_form_that_saves_a_row_saves_one_that_is_recorded() -> None:
    """A new edit form fails here until its table has a trigger that records."""
    get_resolver().url_patterns  # imports every view  # noqa: B018
    own = [one for one in model_forms() if one.__module__.split(".")[0] in ("derms", "cpm", "lec_sim", "integration")]
    models = {one._meta.model for one in own if one._meta.model and one._meta.model.__name__ not in PERSONAL}
    assert {User, EventType, DerGroup, Strategy} <= models
    assert {model._meta.db_table for model in models} - recorded_tables() == set()


def test_every_kind_that_is_recorded_has_a_name_in_the_trail() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT split_part(encode(t.tgargs, 'escape'), '\\000', 1) FROM pg_trigger t"
            " JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'gridcall_record_change'"
        )
        kinds = {kind for (kind,) in cursor.fetchall()}
    assert len(kinds) == 21
    assert kinds <= KINDS.keys()


def test_an_account_and_its_roles(administrator: User, approver: User) -> None:
    client, chosen = signed_in(administrator), "a-first-password"
    given = {"username": "carl", "email": "carl@utility.example", "password1": chosen, "password2": chosen}
    client.post("/settings/users/new/", {**given, "groups": [Group.objects.get(name=CSR).pk]})
    made, role = rows("account", name="carl")
    assert (made.what, made.by, made.fields["password"]) == ("created", "adam", "hidden")
    assert (role.part, role.what, role.by) == (f"role {CSR}", "created", "adam")
    assert made.request_id is not None

    assert client.post("/settings/users/carl/", form_of(client, "/settings/users/carl/", groups=[])).status_code == 302
    assert [(one.part, one.what) for one in rows("account", name="carl")][2:] == [(f"role {CSR}", "removed")]
    text = "".join(str(one.fields) + one.part for one in ObjectChange.objects.all())
    assert "utility.example" not in text
    assert "pbkdf2" not in text
    log = client.get("/settings/users/carl/").content.decode()
    assert "Role CSR: added" in log
    assert "Role CSR: removed" in log
    trail = signed_in(approver).get("/audit-trail/?kind=account&q=carl").content.decode()
    assert "Role CSR: removed" in trail


def form_of(client: Client, address: str, **typed: Any) -> dict[str, Any]:
    """What a browser sends of the page's form if a person types only this."""
    page = client.get(address)
    assert page.status_code == 200
    editing = page.context.get("editing")
    sent: dict[str, Any] = {"version": editing.version, "opened": editing.opened_json} if editing else {}
    for form in editing.forms if editing else [page.context["form"]]:
        for bound in [each for part in getattr(form, "forms", [form]) for each in part]:
            value = bound.value()
            if not (value is None or value is False or value in ("", [])):
                shown = bound.field.widget.format_value(value)
                sent[bound.html_name] = "on" if isinstance(bound.field.widget, forms.CheckboxInput) else shown
    return {name: value for name, value in {**sent, **typed}.items() if value is not None}


class Edit(NamedTuple):
    """A page, what is typed on it, and the row that must be in history."""

    address: Callable[[], str]
    typed: dict[str, Any]
    kind: str
    expected: dict[str, Any]


EDITS = [
    Edit(
        lambda: "/settings/event-types/Emergency/",
        {"lead_time_s": 120},
        "event type",
        {"lead_time_s": [60, 120]},
    ),
    Edit(
        lambda: f"/der-groups/{DerGroup.objects.get().pk}/",
        {"description": "cold ones"},
        "DER group",
        {"description": ["", "cold ones"]},
    ),
    Edit(lambda: "/profile/", {"language": "de"}, "account", {"language": ["en", "de"]}),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda one: one.kind)
def test_an_edit_leaves_a_row(edit: Edit, administrator: User) -> None:
    DerGroup.objects.create(name="Freezers")
    administrator.groups.set(Group.objects.all())
    client = signed_in(administrator)
    before = ObjectChange.objects.count()
    address = edit.address()
    answer = client.post(address, form_of(client, address, **edit.typed))
    assert answer.status_code == 302, answer.content.decode()
    (row,) = ObjectChange.objects.order_by("id")[before:]
    assert (row.kind, row.what, row.fields, row.by) == (edit.kind, "changed", edit.expected, "adam")


def test_a_strategy_and_its_stages(strategy: Strategy, operator: User) -> None:
    first = strategy.stages.get(number=1)
    Strategy.objects.filter(pk=strategy.pk).update(call_order="Reliable")
    first.length_minutes += 5
    first.save()
    first.der_groups.add(DerGroup.objects.create(name="Freezers"))
    said = [one.sentence for one in object_log("strategy", object=strategy.pk)]
    assert said[:2] == [
        "Stage 1, DER group Freezers: added",
        f"Stage 1: Length (min): {first.length_minutes - 5} → {first.length_minutes}",
    ]
    assert said[2].startswith("Order of devices: ")
    client = signed_in(operator)
    assert "Stage 1, DER group Freezers" in client.get(f"/strategies/{strategy.uid}/").content.decode()


def test_a_zones_limit(zone: ControlZone) -> None:
    before = zone.limit_kw
    ControlZone.objects.filter(pk=zone.pk).update(limit_kw=77_000)
    last = rows("control zone", name=zone.code)[-1]
    assert (last.what, last.fields, last.by) == ("changed", {"limit_kw": [before, 77_000]}, "system")


def test_a_link_is_recorded_without_its_secret(csr: User, now: Any) -> None:
    customer = Customer.objects.create(number="C-77", name="Ann Private")
    client = signed_in(csr)
    client.post("/customers/C-77/links/add/")
    link = SelfServiceLink.objects.get()
    client.post(f"/customers/C-77/links/{link.uid}/revoke/")
    made, revoked = rows("self-service link", name="C-77")
    assert [(one.what, one.by, one.object) for one in (made, revoked)] == [
        ("created", "cora", str(link.pk)),
        ("changed", "cora", str(link.pk)),
    ]
    assert set(revoked.fields) == {"revoked_at", "revoked_by"}
    told = str([made.fields, revoked.fields, made.part])
    assert link.uid.hex not in told.replace("-", "")
    assert customer.name not in told
    assert "revoked by" in client.get("/customers/C-77/").content.decode()


def test_links_of_letters_are_no_history(now: Any) -> None:
    customer = Customer.objects.create(number="C-78", name="Ann")
    SelfServiceLink.objects.create(customer=customer, made_at=now, made_by="notification", expires_at=now)
    assert rows("self-service link") == []


def test_a_second_factor_that_comes_and_goes(csr: User) -> None:
    factor = Authenticator.objects.create(user=csr, type=Authenticator.Type.TOTP, data={"secret": "JBSWY3DP"})
    factor.delete()
    said = [(one.part, one.what, one.fields) for one in rows("account", name="cora")][-2:]
    assert said == [("second factor totp", "created", {}), ("second factor totp", "removed", {})]


def test_whoever_changes_a_row_without_pages_is_recorded(csr: User) -> None:
    User.objects.filter(pk=csr.pk).update(is_superuser=True)
    last = rows("account", name="cora")[-1]
    assert (last.fields, last.by) == ({"is_superuser": [False, True]}, "system")


def test_signing_in_is_no_change(csr: User) -> None:
    before = len(rows("account"))
    signed_in(csr)
    assert len(rows("account")) == before


@pytest.mark.parametrize("role", [APPROVER, ADMINISTRATOR])
def test_giving_a_role_that_decides_raises_an_alert(administrator: User, csr: User, role: str) -> None:
    client = signed_in(administrator)
    address = "/settings/users/cora/"
    client.post(address, form_of(client, address, groups=[Group.objects.get(name=role).pk]))
    alert = Alert.objects.get(kind="role given")
    assert (alert.text, alert.priority) == (f"adam gave cora the role {role}", 1)
    client.post(address, form_of(client, address, email="cora@utility.example"))
    assert Alert.objects.get(kind="role given").count == 1


def test_giving_a_role_that_decides_nothing_raises_none(administrator: User, outsider: User) -> None:
    client = signed_in(administrator)
    address = "/settings/users/nora/"
    client.post(address, form_of(client, address, groups=[Group.objects.get(name=CSR).pk]))
    assert not Alert.objects.filter(kind="role given").exists()


def test_a_superuser_raises_an_alert() -> None:
    User.objects.create_superuser("root")
    assert Alert.objects.get().text == "manage.py createsuperuser gave root the role superuser"


@pytest.mark.django_db(transaction=True)
def test_a_changed_row_is_named_by_the_seals() -> None:
    factories.person("olive", APPROVER)
    row = rows("account", name="olive")[-1]
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE integration_objectchange SET by = 'ada' WHERE id = %s", [row.pk])
        cursor.execute("COMMIT")
    assert [tuple(one) for one in sealing.tampered()] == [("integration_objectchange", row.pk, "was changed")]
