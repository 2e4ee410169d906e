"""Where tokens are had, and what a program hears while somebody else holds a lock."""

from typing import Any

import psycopg2
import pytest
from django.db import connection, transaction
from django.test import Client

from integration.seam.models import ServiceAccount

from .conftest import ROOT, VenClient
from .test_subscriptions import wanted


@pytest.mark.django_db
def test_anybody_learns_where_tokens_are_had() -> None:
    answer = Client().get(f"{ROOT}auth/server")
    assert (answer.status_code, answer.json()) == (200, {"tokenURL": f"http://testserver{ROOT}auth/token"})
    assert Client().get(f"{ROOT}auth/server", {"x": "1"}).status_code == 400
    assert Client().post(f"{ROOT}auth/server").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_somebody_holds_is_a_503_that_says_when_to_try_again(ven: VenClient) -> None:
    other: Any = psycopg2.connect(**connection.get_connection_params())
    try:
        table = ServiceAccount._meta.db_table
        other.cursor().execute(f"SELECT FROM {table} WHERE id = %s FOR UPDATE", [ven.account.pk])
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        refused = ven.post("subscriptions", wanted())
        assert (refused.status_code, refused["Retry-After"]) == (503, "1")
        assert refused["Content-Type"] == "application/problem+json"
        assert "Nothing was changed; try again." in refused.json()["detail"]
        other.rollback()
        assert ven.post("subscriptions", wanted()).status_code == 201
    finally:
        other.close()
        connection.close()  # the time-out was for this test
