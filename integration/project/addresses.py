"""The addresses of PostgreSQL and of the broker, as everything that connects to them reads them."""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from psycopg2.extensions import parse_dsn

CERTIFICATES = "ssl_cert_reqs"
SECURE, VERIFIED = "rediss", "required"


class Database(NamedTuple):
    """An address of PostgreSQL: Django's five fields, and every other parameter of libpq."""

    fields: dict[str, str]
    parameters: dict[str, str]


def database(address: str) -> Database:
    """Take an address of PostgreSQL apart, with libpq's own parser. Raises psycopg2.ProgrammingError if it is none."""
    given: dict[str, Any] = parse_dsn(address)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return Database({field: given.pop(name, "") for field, name in names.items()}, given)


def broker(address: str) -> str:
    """The broker's address as both of its clients understand it; an encrypted connection checks the certificate.

    Celery documents ssl_cert_reqs=CERT_REQUIRED, which redis-py, asked by /readyz, does not know; both know "required".
    """
    parts = urlsplit(address)
    if parts.scheme != SECURE:
        return address
    query = dict(parse_qsl(parts.query))
    query[CERTIFICATES] = query.get(CERTIFICATES, VERIFIED).lower().removeprefix("cert_")
    return urlunsplit(parts._replace(query=urlencode(query)))
