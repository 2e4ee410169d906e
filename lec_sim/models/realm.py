"""The conformance realm: objects that clients of its own write, so that the whole of OpenADR can be tried."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class RealmObject(models.Model):
    """An object as a client of the realm wrote it, in `content`. Nothing of it ever reaches a head end.

    `client` may read it as its own: of a program or event nobody's. `name` is unique among its kind, and of resources
    within their ven; empty for those that have none. `parent` is the program of an event, the event of a report and
    the ven of a resource.
    """

    kind = models.CharField(max_length=12)
    client = models.CharField(max_length=128, blank=True)
    name = models.CharField(max_length=128, blank=True)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="parts")
    targets = ArrayField(models.CharField(max_length=128), default=list)
    content = models.JSONField()
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "parent", "name"],
                condition=~models.Q(name=""),
                nulls_distinct=False,
                name="lec_realm_name_once",
            )
        ]
        indexes = [models.Index(fields=["kind", "id"], name="lec_realm_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
