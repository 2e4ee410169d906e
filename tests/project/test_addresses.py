"""The addresses of database and broker: nothing that they say is dropped."""

import ssl

import pytest
from kombu import Connection
from redis import Redis

from integration.project import addresses, backup


def test_every_parameter_of_a_database_address_is_kept() -> None:
    found = addresses.database(
        "postgresql://ann:se%20cret@db.example:6432/grid?sslmode=verify-full&sslrootcert=/ca.pem"
    )
    assert found.fields == {
        "NAME": "grid", "USER": "ann", "PASSWORD": "se cret", "HOST": "db.example", "PORT": "6432",
    }  # fmt: skip
    assert found.parameters == {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}


def test_backups_connect_as_the_address_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann@db.example/grid?sslmode=verify-full&sslrootcert=/ca.pem")
    address = backup._address()
    assert (address["PGHOST"], address["PGSSLMODE"], address["PGSSLROOTCERT"]) == (
        "db.example", "verify-full", "/ca.pem",
    )  # fmt: skip
    assert "PGPASSWORD" not in address or address["PGPASSWORD"]


@pytest.mark.parametrize(
    ("given", "checked"),
    [
        ("rediss://broker.example/0", ssl.CERT_REQUIRED),
        ("rediss://broker.example/0?ssl_cert_reqs=CERT_REQUIRED", ssl.CERT_REQUIRED),
        ("rediss://broker.example/0?ssl_cert_reqs=required", ssl.CERT_REQUIRED),
        ("rediss://broker.example/0?ssl_cert_reqs=CERT_NONE", ssl.CERT_NONE),
    ],
)
def test_both_clients_of_the_broker_check_certificates_alike(given: str, checked: ssl.VerifyMode) -> None:
    address = addresses.broker(given)
    of_kombu = Connection(address).ssl
    assert of_kombu["ssl_cert_reqs"] == checked
    connection = Redis.from_url(address).connection_pool.make_connection()
    assert connection.cert_reqs == checked


def test_a_broker_without_encryption_stays_as_it_is() -> None:
    assert addresses.broker("redis+socket:///run/valkey.sock?virtual_host=0") == (
        "redis+socket:///run/valkey.sock?virtual_host=0"
    )
