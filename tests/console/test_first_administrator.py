"""An empty Gridcall: the first administrator's code, once, and the checklist of what a first event needs."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from integration.console.first_administrator import TRIES_A_MINUTE, new_code
from integration.console.models import MailTrial, SetupCode, User
from integration.console.roles import ADMINISTRATOR
from integration.console.set_up import steps
from integration.project.environment import env_picture, env_zone
from integration.seam import clock
from integration.seam.models import Alert
from tests.threads import run_together

PAGE = "/first-administrator/"
CHOSEN = "a-first-password"


def form(code: str, name: str = "ada.first") -> dict[str, str]:
    return {"code": code, "username": name, "email": "a@example.com", "password1": CHOSEN, "password2": CHOSEN}


@pytest.mark.django_db
def test_the_code_makes_an_administrator_who_can_sign_in() -> None:
    visitor = Client()
    assert PAGE in visitor.get("/account/login/").content.decode()
    assert visitor.post(PAGE, form(new_code().lower().replace("-", " "))).status_code == 302

    assert list(User.objects.get().groups.values_list("name", flat=True)) == [ADMINISTRATOR]
    assert not Alert.objects.exists(), "an empty utility has nothing to look at yet"
    assert visitor.login(username="ada.first", password=CHOSEN)
    assert PAGE not in Client().get("/account/login/").content.decode()


@pytest.mark.django_db
def test_a_wrong_an_earlier_and_an_old_code_make_nobody() -> None:
    earlier, _present = new_code(), new_code()
    for code in ("AAAA-AAAA-AAAA-AAAA", earlier, ""):
        answer = Client().post(PAGE, form(code))
        assert answer.status_code == 422
    code = new_code()
    SetupCode.objects.update(made_at=clock.now() - SetupCode.LASTS - timedelta(seconds=1))
    answer = Client().post(PAGE, form(code))
    assert (answer.status_code, User.objects.count()) == (422, 0)
    assert "manage.py first_administrator prints a new one" in answer.content.decode()


@pytest.mark.django_db
def test_codes_can_not_be_guessed_quickly() -> None:
    answers = [Client().post(PAGE, form("AAAA-AAAA-AAAA-AAAA")).status_code for _ in range(TRIES_A_MINUTE + 1)]
    assert answers[-1] == 429 or answers.count(422) <= 2 * TRIES_A_MINUTE  # the minute may have changed


@pytest.mark.django_db
def test_with_an_administrator_there_is_no_first_one(administrator: User) -> None:
    code = new_code()
    answer = Client().post(PAGE, form(code))
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/")
    assert list(User.objects.values_list("username", flat=True)) == [administrator.username]
    with pytest.raises(CommandError, match="There is an administrator already"):
        call_command("first_administrator")


@pytest.mark.django_db(transaction=True)
def test_a_code_sent_twice_at_once_makes_one_administrator() -> None:
    code = new_code()
    names = ["ada.first", "alma.first", "anna.first", "ava.first"]
    run_together(*(partial(Client().post, PAGE, form(code, name)) for name in names))
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_the_checklist_ticks_what_is_there(client: Client, administrator: User) -> None:
    done = {str(step.label) for step in steps(administrator) if step.is_done}
    assert "Grid: zones and feeders" not in done
    assert "Mail server tried" not in done
    administrator.email = "adam@example.com"
    administrator.save()
    client.force_login(administrator)
    assert "Set-up: what a first event needs" in client.get("/").content.decode()

    client.post("/set-up/test-message/")

    assert [message.to for message in mail.outbox] == [["adam@example.com"]]
    assert {str(step.label) for step in steps(administrator) if step.is_done} == done | {"Mail server tried"}


@pytest.mark.django_db
def test_the_utility_s_logo_is_on_each_page_once_it_is_set(
    client: Client, administrator: User, settings: Any, tmp_path: Path
) -> None:
    def is_done() -> set[str]:
        return {str(step.label) for step in steps(administrator) if step.is_done}

    names = {"Logo of the utility", "Time zone of the utility"}
    assert not names & is_done()
    assert client.get("/logo").status_code == 404
    logo = tmp_path / "stadtwerke.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    settings.UTILITY_LOGO, settings.UTILITY_NAME, settings.HAS_TIME_ZONE = logo, "Stadtwerke Test", True

    assert names <= is_done()
    answer = client.get("/logo")
    assert (b"".join(answer), answer["Content-Type"]) == (logo.read_bytes(), "image/svg+xml")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert 'alt="Stadtwerke Test"' in client.get("/account/login/").content.decode()
    client.force_login(administrator)
    assert 'src="/logo"' in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("value", "why"),
    [("no-such.png", "must be a file that ends in"), ("logo.html", "must be a file"), ("large.png", "262,145 bytes")],
)
def test_what_is_no_logo_is_refused_by_name(
    value: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logo.html").write_text("x")
    (tmp_path / "large.png").write_bytes(bytes(262_145))
    monkeypatch.setenv("UTILITY_LOGO", str(tmp_path / value))
    with pytest.raises(ImproperlyConfigured, match=why):
        env_picture("UTILITY_LOGO")


def test_a_time_zone_that_there_is_not_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTLY_TIME_ZONE", "Europe/Musterstadt")
    with pytest.raises(ImproperlyConfigured, match="NIGHTLY_TIME_ZONE is “Europe/Musterstadt”"):
        env_zone("NIGHTLY_TIME_ZONE", "UTC")


@pytest.mark.django_db
def test_the_checklist_leads_only_to_pages_that_open(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    assert {client.get(step.url).status_code for step in steps(administrator)} == {200}


@pytest.mark.django_db
@override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=1)
def test_a_mail_server_that_is_away_is_named(client: Client, administrator: User) -> None:
    User.objects.update(email="adam@example.com")
    client.force_login(administrator)
    answer = client.post("/set-up/test-message/", follow=True).content.decode()
    assert "The mail server at 127.0.0.1:1 did not take the message" in answer
    assert not MailTrial.objects.exists()
