"""Production settings: nothing of the demo, no built-in secret, and headers that keep others out."""

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from integration.console.models import User
from integration.engines.state import PROJECT

PRODUCTION = {
    "SECRET_KEY": "f3Jq8Zk1Vt6Yw0Rn5Lb2Xc7Hd4Gs9Mp1Qa8We3Ui6Oo5Tr2Kz7",
    "DATABASE_URL": "postgresql://gridcall@127.0.0.1:9/gridcall",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "ALLOWED_HOSTS": "gridcall.example",
}
PRINT = (
    "from django.conf import settings as s; print(s.DEBUG, s.HTTPS, s.DEMO, s.SESSION_COOKIE_SECURE,"
    " s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_NAME, s.SECURE_HSTS_SECONDS, s.MFA_REQUIRED_ROLES, s.LOG_FORMAT)"
)


def manage(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """A command with production's settings and without servers, which it must not need."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    variables = {name: value for name, value in {**kept, **PRODUCTION, **changed}.items() if value}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True)


def test_djangos_own_check_of_a_deployment_finds_nothing() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_production_is_the_default() -> None:
    done = manage("shell", "-v", "0", "-c", PRINT)
    assert done.stdout.split(maxsplit=7) == [
        *("False", "True", "False", "True", "True", "__Host-sessionid", "31536000"),
        "['DERMS approver', 'Administrator'] json\n",
    ]


def test_nothing_starts_without_a_secret_key() -> None:
    done = manage("check", SECRET_KEY="")
    assert done.returncode != 0
    assert "Set SECRET_KEY" in done.stderr


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    done = manage("check", SECRET_KEY="x")  # noqa: S106
    assert done.returncode != 0
    assert "SECRET_KEY has 1 characters; it needs 32 or more" in done.stderr


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
@pytest.mark.django_db
def test_probes_are_answered_for_any_host_without_https(https: Client, settings: Any, path: str) -> None:
    settings.ALLOWED_HOSTS = ["gridcall.example.org"]
    assert https.get(path, headers={"host": "10.42.0.7:8000"}).status_code == 200
    assert https.get("/account/login/", headers={"host": "10.42.0.7:8000"}).status_code == 400


def test_all_settings_reach_the_containers() -> None:
    compose = (PROJECT / "docker-compose.yml").read_text()
    shared = compose.split("x-gridcall: &gridcall")[1].split("x-worker:")[0]
    assert "env_file:\n    - path: .env\n      required: false" in shared
    services = compose.split("\nservices:")[1].split("\nvolumes:")[0]
    ours = re.findall(r"\n  (migrate|web|worker-\w+|scheduler-\d):\n    <<: \*(\w+)", services)
    assert len(ours) == 6, ours


SUFFIXES = {".py", ".yml", ".toml", ".html", ".js", ".json", ".md"}
SECRET = re.compile(r"-----BEGIN|AKIA[0-9A-Z]{16}|(?i:secret_key|password|token)\s*=\s*[\"'][^\"'{$ ]{12,}[\"']")


def test_no_secret_is_in_the_repository() -> None:
    folders = ("integration", "derms", "cpm", "lec_sim", "templates", "static/js", "docs")
    texts = [path for folder in folders for path in (PROJECT / folder).rglob("*") if path.suffix in SUFFIXES]
    texts += [path for path in PROJECT.iterdir() if path.suffix in SUFFIXES]
    found = {
        f"{path.relative_to(PROJECT)}: {line.strip()}"
        for path in texts
        for line in path.read_text().splitlines()
        if SECRET.search(line) and "noqa: S105" not in line
    }
    assert found == set()


@pytest.fixture
def https(settings: Any) -> Client:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    return Client()


@pytest.mark.django_db
def test_headers_keep_others_out(https: Client) -> None:
    answer = https.get("/account/login/", secure=True)
    assert answer["Strict-Transport-Security"].startswith("max-age=31536000")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = answer["Content-Security-Policy"]
    for words in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert words in policy
    assert "unsafe" not in policy


@pytest.mark.django_db
def test_cookies_go_by_https_alone_and_not_to_other_sites(https: Client, operator: User) -> None:
    assert https.get("/account/login/")["Location"].startswith("https://")
    https.post("/account/login/", {"login": "olive", "password": "a-long-test-password"}, secure=True)
    cookies = https.cookies
    assert cookies["sessionid"]["httponly"] is True
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["samesite"]) == (True, "Lax")


@pytest.mark.django_db
def test_a_form_of_another_site_is_refused(operator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    assert client.post("/events/DR-2026-0001/submit/").status_code == 403


@pytest.mark.django_db
def test_an_unknown_host_gets_400_and_a_link_to_elsewhere_is_not_followed(client: Client, operator: User) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    form = {"login": "olive", "password": "a-long-test-password", "next": "https://evil.example/"}
    assert client.post("/account/login/", form)["Location"] == "/"
