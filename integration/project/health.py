"""Whether this process is alive, and whether it can do its work: a report on database, broker and migrations."""

from collections.abc import Callable, Mapping
from functools import cache

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from integration.pages.access import allow_anyone
from integration.seam import sql

from .version import VERSION

OK = "ok"
BROKER_SECONDS = 1.0
# What each kind of process can't work without. The pages never use the broker, so they stay up without it.
NEEDED: Mapping[str, tuple[str, ...]] = {"web": ("database", "migrations")}
EVERYTHING = ("database", "broker", "migrations")


class Probes:
    """Answers probes for any host name and without https: they come from inside, addressed to an IP."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = {"/livez": livez, "/readyz": readyz}.get(request.path)
        return probe(request) if probe else self.get_response(request)


@require_safe
@allow_anyone
def livez(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is checked."""
    return HttpResponse(OK, content_type="text/plain")


@require_safe
@allow_anyone
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether this process can do its work, with a status for each dependency and the version."""
    status, report = readiness()
    return JsonResponse(report, status=status)


def readiness() -> tuple[int, dict[str, str]]:
    """200 or 503, and the status of each dependency with the version of this code."""
    report = state()
    return 200 if is_ready(report) else 503, {**report, "version": VERSION}


def state() -> dict[str, str]:
    """The status of each dependency: "ok", or what is wrong."""
    return {"database": database(), "broker": broker(), "migrations": migrations()}


def is_ready(report: Mapping[str, str]) -> bool:
    """Whether everything that this kind of process needs is ok."""
    return all(report[name] == OK for name in NEEDED.get(settings.PROCESS, EVERYTHING))


def database() -> str:
    try:
        sql.value("SELECT 1")
    except DatabaseError as problem:
        return f"can't be reached ({type(problem).__name__})"
    return OK


def broker() -> str:
    url = settings.CELERY_BROKER_URL
    for of_kombu, of_redis in (("redis+socket:", "unix:"), ("?virtual_host=", "?db=")):
        url = url.replace(of_kombu, of_redis, 1)
    limits = {"socket_timeout": BROKER_SECONDS, "socket_connect_timeout": BROKER_SECONDS}
    try:
        with Redis.from_url(url, retry=Retry(NoBackoff(), 0), **limits) as client:
            client.ping()
    except RedisError as problem:
        return f"can't be reached ({type(problem).__name__})"
    return OK


def migrations() -> str:
    try:
        missing = _migrations_of_this_code() - set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return "not known without the database"
    return f"{len(missing)} are not applied: run manage.py migrate" if missing else OK


@cache
def _migrations_of_this_code() -> set[tuple[str, str]]:
    return set(MigrationLoader(None).disk_migrations)
