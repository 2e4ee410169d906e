"""The rows that record what happened, and the seals that show whether any was altered (sealing.py)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from .logs import request_id


class HistoryRecord(models.Model):
    """A row that records what happened: append-only by trigger, sealed in blocks."""

    request_id = models.UUIDField(null=True, default=request_id, editable=False)

    class Meta:
        abstract = True


class ObjectChange(HistoryRecord):
    """A change of an object that people set up, such as an account: written by triggers, whoever changes it and how.

    `kind` and `object` name the object, `name` what people call it, `part` what belongs to it, such as a role. `fields`
    holds [before, after] for each column of the table `source`; a text that must not be in history is left out.
    """

    CREATED, CHANGED, REMOVED = "created", "changed", "removed"

    kind = models.CharField(max_length=20)
    object = models.CharField(max_length=40)
    name = models.CharField(max_length=150)
    part = models.CharField(max_length=120)
    source = models.CharField(max_length=63)
    what = models.CharField(max_length=7)
    fields = models.JSONField()
    at = models.DateTimeField(db_default=Now())
    by = models.CharField(max_length=150)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "object", "-id"], name="object_log"),
            models.Index(fields=["-at"], name="objectchange_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.part or self.what}"


class HistoryBlock(models.Model):
    """Rows of history that were sealed together; its digest covers theirs and that of the block before."""

    number = models.PositiveBigIntegerField(primary_key=True)
    sealed_at = models.DateTimeField(db_default=Now())
    rows = models.PositiveIntegerField()
    digest = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.number}:{self.digest_hex}"

    @property
    def digest_hex(self) -> str:
        return bytes(self.digest).hex()


class Seal(models.Model):
    """The digest of one row of history, written with the row by a trigger; final once it is in a block."""

    pk = models.CompositePrimaryKey("source", "row_id")
    source = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    digest = models.BinaryField()
    block = models.ForeignKey(HistoryBlock, on_delete=models.PROTECT, null=True, related_name="seals")

    class Meta:
        indexes = [models.Index("source", "row_id", condition=Q(block=None), name="seal_waits")]

    def __str__(self) -> str:
        return f"{self.source} {self.row_id}"
