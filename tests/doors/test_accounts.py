"""Service accounts: made on pages, with a secret nobody can read again, and ended at once in every process."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from integration.console.models import User
from integration.console.roles import PROGRAM_MANAGER
from integration.console.service_accounts import save_account
from integration.pages.listening import RightsWatch
from integration.pages.object_log import object_log
from integration.seam import clock, logs
from integration.seam.rights import KEPT_S, RightsCache, known_rights
from integration.seam.scopes import SCOPES
from integration.seam.service_accounts import ServiceAccount
from tests.pages.editing import save

from .conftest import Made, ask, bearer

pytestmark = pytest.mark.django_db
NEW = "/settings/service-accounts/new/"


@pytest.fixture
def as_administrator(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What is logged meanwhile, as in production."""
    text = StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logs.formatter(style="json"))
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


def stored_anywhere(text: str) -> list[str]:
    """The tables with a row that contains a text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        )
        names = [name for (name,) in cursor.fetchall()]
        found = []
        for name in names:
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{name}" t WHERE t::text LIKE %s)', [f"%{text}%"])
            found += [name] if cursor.fetchone()[0] else []
    return found


def test_a_list_without_accounts_says_what_they_are_for(as_administrator: Client) -> None:
    page = as_administrator.get("/settings/service-accounts/").content.decode()
    assert "Another system signs in with one" in page
    assert page.count(f'href="{NEW}"') == 2


def test_an_account_is_made_on_a_page_and_its_secret_is_shown_once(
    as_administrator: Client, program_manager: User, log: StringIO
) -> None:
    form = {"name": "Billing", "owner": "pia", "scopes": ["programs:read"], "addresses": "::ffff:127.0.0.1 10.0.0.0/8"}
    made = as_administrator.post(NEW, {**form, "is_active": "on"})
    account = ServiceAccount.objects.get()
    page = f"/settings/service-accounts/{account.client_id}/"
    assert (made.status_code, made["Location"]) == (302, f"{page}secret/")
    assert (account.owner, account.addresses) == (program_manager, ["127.0.0.1/32", "10.0.0.0/8"])

    shown = as_administrator.post(f"{page}secret/", {"version": account.version})
    secret = shown.context["secret"]
    assert len(secret) == 43  # 256 bits in base64
    assert secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert ask((account, secret)).status_code == 200
    assert secret not in as_administrator.get(page).content.decode()
    assert secret not in as_administrator.get(f"{page}secret/").content.decode()
    assert secret not in log.getvalue()
    assert '"actor": "service account Billing"' in log.getvalue()
    assert stored_anywhere(secret) == []
    assert "integration_serviceaccount" in stored_anywhere(account.client_id)  # the look finds what is there


def test_a_call_of_an_account_that_was_switched_off_is_logged_with_its_name(
    account_of: Callable[..., Made], program_manager: User, log: StringIO
) -> None:
    made = account_of(program_manager)
    header = bearer(made)
    save_account(client_id=made[0].client_id, fields={"is_active": False}, by="adam", now=clock.now())
    assert Client().get("/api/v1/programs", headers=header).status_code == 401
    newest = json.loads(log.getvalue().splitlines()[-1])
    assert (newest["actor"], newest["route"], newest["status"]) == ("service account Billing", "api/v1/programs", 401)
    assert newest["request_id"]
    assert header["Authorization"][7:] not in log.getvalue()


def test_a_form_that_makes_a_secret_makes_one_and_is_refused_the_second_time(
    as_administrator: Client, account_of: Callable[..., Made], program_manager: User
) -> None:
    account, first = account_of(program_manager)
    page = f"/settings/service-accounts/{account.client_id}/secret/"
    answers = [as_administrator.post(page, {"version": account.version}) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 409]
    assert ask((account, first)).status_code == 401
    assert ask((account, answers[0].context["secret"])).status_code == 200
    told = [entry.sentence for entry in object_log("service account", object=str(account.pk))]
    assert told == ["Secret: changed", "Secret: changed", "Created"]


def test_an_edited_account_is_saved_and_its_history_names_who(
    as_administrator: Client, account_of: Callable[..., Made], program_manager: User
) -> None:
    account, _secret = account_of(program_manager, scopes=["programs:read", "events:read"])
    page = f"/settings/service-accounts/{account.client_id}/"
    typed = {"name": "Billing", "owner": "pia", "is_active": "on", "scopes": ["events:read"]}
    assert save(as_administrator, page, typed).status_code == 302
    newest = object_log("service account", object=str(account.pk))[0]
    assert (newest.by, newest.sentence) == ("adam", "Scopes: programs:read, events:read → events:read")
    assert "Scopes: programs:read" in as_administrator.get(page).content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"addresses": "office"}, "is no address or network"),
        ({"addresses": "192.0.2.7/24"}, "is no address or network"),
        ({"scopes": ["everything"]}, "everything"),
        ({"owner": "nobody"}, "Select a valid choice"),
        ({"name": ""}, "required"),
    ],
)
def test_what_can_not_be_is_refused_beside_its_field(
    as_administrator: Client, program_manager: User, typed: dict[str, object], sentence: str
) -> None:
    answer = as_administrator.post(NEW, {"name": "Billing", "owner": "pia", **typed})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not ServiceAccount.objects.exists()


def test_no_scope_carries_approving_or_people() -> None:
    carried = frozenset().union(*SCOPES.values())
    writes = {name for name in carried if not name.split(".")[1].startswith("view_")}
    # What another DERMS and a ven report; neither is anybody's decision.
    reported = {"cpm.change_programevent", "cpm.change_devicestatus", "lec_sim.change_headendprofile"}
    # What the API does in an owner's place: it drafts and submits, and another person approves.
    done = {
        "derms.plan_event",
        "cpm.add_enrollment",
        "cpm.change_enrollment",
        "cpm.change_unavailability",
        "cpm.opt_out",
        "importing.add_importrun",
    }
    assert writes == reported | done
    assert not {"config.change_user", "integration.change_serviceaccount", "derms.approve_event"} & carried


def test_what_is_known_of_an_account_is_at_most_five_seconds_old(
    account_of: Callable[..., Made], program_manager: User
) -> None:
    account, _secret = account_of(program_manager)
    now = [100.0]
    known = RightsCache(lambda: now[0])

    def may() -> frozenset[str]:
        rights = known.of(account.pk)
        assert rights is not None
        return rights.permissions

    assert "cpm.view_program" in may()
    program_manager.groups.clear()
    now[0] += KEPT_S
    assert "cpm.view_program" in may()
    now[0] += 0.01
    assert may() == frozenset()


def in_thread(act: Callable[[], Any]) -> Any:
    """Do something as another process would: with a connection of its own, committed."""

    def alone() -> Any:
        try:
            return act()
        finally:
            connection.close()

    return asyncio.to_thread(alone)


@pytest.mark.django_db(transaction=True)
def test_another_process_hears_at_once_that_an_account_or_its_owner_changed(
    account_of: Callable[..., Made], program_manager: User
) -> None:
    account, _secret = account_of(program_manager)
    role, now = program_manager.groups.get(name=PROGRAM_MANAGER), clock.now()
    off = partial(save_account, client_id=account.client_id, fields={"is_active": False}, by="adam", now=now)
    connection.close()

    def may_see_programs() -> bool:
        rights = known_rights.of(account.pk)
        return rights is not None and rights.is_active and "cpm.view_program" in rights.permissions

    async def seconds_until(expected: bool) -> float:
        began = asyncio.get_running_loop().time()
        while await in_thread(may_see_programs) is not expected:
            await asyncio.sleep(0.02)
        return asyncio.get_running_loop().time() - began

    async def course() -> list[float]:
        watch = RightsWatch()
        watch.start()
        await asyncio.sleep(0.5)  # it listens
        took = [await seconds_until(True)]
        for act in (program_manager.groups.clear, partial(program_manager.groups.set, [role]), off):
            await in_thread(act)
            took.append(await seconds_until(len(took) == 2))
        return took

    assert max(asyncio.run(asyncio.wait_for(course(), 20))) < 2  # far less than KEPT_S: it was told
