"""Calls of the reference system's interfaces that are answered once."""

from __future__ import annotations

from django.db import models


class RestTransaction(models.Model):
    """A call with a transaction id, and its answer, which the same call gets again.

    Ids are an account's own. `digest` is of the body: another body under the same id is not the same call.
    """

    account = models.CharField(max_length=150)
    operation = models.CharField(max_length=20)
    transaction_id = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    called_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("account", "operation", "transaction_id", name="rest_transaction_once"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.transaction_id}"
