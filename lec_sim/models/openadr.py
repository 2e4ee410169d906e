"""What head ends that are reached by OpenADR know, and since when: no grant is stored, only what was read."""

from django.db import models

from .stages import HeadEndProfile, LecStage


class LecProgram(models.Model):
    """A program whose devices a stage called; its key is its id in OpenADR."""

    code = models.CharField(max_length=40, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code


class Ven(models.Model):
    """A head end reached by OpenADR. `revision` counts the changes of anything it may read, so that a poll is cheap."""

    profile = models.OneToOneField(HeadEndProfile, on_delete=models.CASCADE, related_name="ven")
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    revision = models.PositiveBigIntegerField(default=1)
    last_seen_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.profile.head_end


class Announcement(models.Model):
    """A stage as one head end may read it: the evidence of what it was told.

    `devices` are those reserved behind the head end. The event's `revision` grows with each change that concerns the
    head end; `read_revision` is the latest that it read, 0 for none. `grants_read_at` is when it first read which of
    its devices are in the stage. Its devices begin within `start_spread_min` of the start, as the head end was set
    while the stage waited.
    """

    stage = models.ForeignKey(LecStage, on_delete=models.CASCADE, related_name="announcements")
    ven = models.ForeignKey(Ven, on_delete=models.CASCADE, related_name="announcements")
    devices = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)
    read_revision = models.PositiveIntegerField(default=0)
    first_read_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    grants_read_at = models.DateTimeField(null=True)
    start_spread_min = models.PositiveSmallIntegerField(db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint("stage", "ven", name="lec_announcement_once")]

    def __str__(self) -> str:
        return f"{self.stage} to {self.ven}"


class GrantMark(models.Model):
    """The number of one device among those of an announcement, by NIC id and from 0.

    Each 500th has one, so that a page of devices begins near its place, however many others come before it.
    """

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="marks", db_index=False)
    number = models.PositiveIntegerField()
    nic_id = models.CharField(max_length=40)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint("announcement", "number", name="lec_grant_mark_once")]

    def __str__(self) -> str:
        return f"{self.announcement}: {self.number} {self.nic_id}"
