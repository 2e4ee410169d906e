"""One file on its way in: what it is, what it would change, and what came of it."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import Q

from integration.seam.fsm import ConcurrentTransitionMixin, FSMField, transition
from integration.seam.history import HistoryRecord

from .choices import ENDED_STATES, RunState

APPLY_WITHIN = timedelta(hours=24)


class ImportRun(ConcurrentTransitionMixin, models.Model):
    """A file of one kind. Its rows wait in tables of their own until it is applied or its time is over."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=30)
    state = FSMField(max_length=10, choices=RunState.choices, default=RunState.RECEIVED, protected=True)
    by = models.CharField(max_length=150)

    # The file, and how it is read (recognising.Recognised).
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    file_bytes = models.PositiveBigIntegerField()
    recognised = models.JSONField(default=dict)

    received_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    # What was counted; `missing` are rows that exist and that the file does not hold.
    rows_read = models.PositiveBigIntegerField(default=0)
    added = models.PositiveBigIntegerField(default=0)
    changed = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    missing = models.PositiveBigIntegerField(default=0)

    compared = models.JSONField(default=dict, help_text="What was there when the file was compared (untouched.Seen).")

    missing_shown = models.JSONField(default=list, help_text="A few of the missing rows, by what people call them.")

    # Said before it is applied.
    only_good_rows = models.BooleanField(default=False)
    ends_missing = models.BooleanField(default=False)

    suspicions = models.JSONField(default=list, help_text="What looks wrong in the file as a whole.")

    why = models.TextField(default="", blank=True)
    conflicts = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="import_run_has_known_state", condition=Q(state__in=[str(s) for s in RunState.values])
            )
        ]
        indexes = [
            models.Index("state", condition=~Q(state__in=[str(s) for s in ENDED_STATES]), name="import_run_open"),
            models.Index(fields=["file_sha256"], name="import_run_file"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"

    @property
    def staged(self) -> str:
        """The table of the file's good rows, with its kind's columns."""
        return f"importing_staged_{self.pk}"

    @property
    def changes(self) -> str:
        """The table of the rows that would be added or changed, with their old values."""
        return f"importing_changes_{self.pk}"

    @property
    def stored_as(self) -> str:
        return f"{self.uid}"

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED_STATES

    @transition(field=state, source=[RunState.RECEIVED, RunState.CHECKED], target=RunState.CHECKING)
    def check_again(self) -> None: ...

    @transition(field=state, source=RunState.CHECKING, target=RunState.CHECKED)
    def show(self) -> None: ...

    @transition(field=state, source=RunState.CHECKED, target=RunState.APPLYING)
    def start_applying(self) -> None: ...

    @transition(field=state, source=RunState.APPLYING, target=RunState.APPLIED)
    def apply(self) -> None: ...

    @transition(field=state, source=[RunState.CHECKING, RunState.APPLYING], target=RunState.REFUSED)
    def refuse(self) -> None: ...

    @transition(
        field=state,
        source=[RunState.RECEIVED, RunState.CHECKING, RunState.CHECKED, RunState.APPLYING],
        target=RunState.CANCELED,
    )
    def cancel(self) -> None: ...


class RefusedCell(models.Model):
    """A row of a file that would not be applied: its first fault."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="refused_cells")
    line = models.PositiveBigIntegerField()
    column = models.CharField(max_length=60)
    value = models.CharField(max_length=120)
    reason = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["run", "line"], name="refused_cell_of_run")]

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}"


class SavedMapping(models.Model):
    """Which heading stands for which column of a kind, and how the file is read; saved under a name."""

    kind = models.CharField(max_length=30)
    name = models.CharField(max_length=60)
    headings = models.JSONField(help_text="The heading of each column that the file has.")
    layout = models.JSONField(help_text="Fields of recognising.Recognised.")
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("kind", "name", name="saved_mapping_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


class ImportRecord(HistoryRecord):
    """What came of one file: one row, written when the run ends. `changes_sha256` is of the rows that were applied."""

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="records")
    kind = models.CharField(max_length=30)
    file_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    added = models.PositiveBigIntegerField()
    changed = models.PositiveBigIntegerField()
    ended = models.PositiveBigIntegerField()
    refused = models.PositiveBigIntegerField()
    changes_sha256 = models.CharField(max_length=64, default="", blank=True)
    why = models.TextField(default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="import_record_newest")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.state}"
