"""Customers, their device locations, devices and program subscriptions."""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Replace, Trim, Upper

from cpm.choices import DeviceClass, SyncAnswer
from cpm.models.programs import Program


def digits_of(field: str) -> Func:
    """A telephone number reduced to its digits."""
    return Func(
        F(field), Value(r"\D"), Value(""), Value("g"), function="regexp_replace", output_field=models.TextField()
    )


APOSTROPHES = (
    "\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}`\N{ACUTE ACCENT}"
)
# Letters that Unicode does not decompose into a plain letter and a mark.
LETTERS = {"\N{LATIN CAPITAL LETTER SHARP S}": "ß", **dict(zip("łŁøØđĐ", "lLoOdD", strict=True))}


def folded(text: str | Combinable) -> Func:
    """A text without case, accents and kinds of apostrophes; Großmann equals GROSSMANN, so do the kinds of apostrophes.

    Whoever compares puts both sides through it, so that a text matches itself. The database computes it, because it
    spells some letters in upper case differently than Python does.
    """
    replaced = APOSTROPHES + "".join(LETTERS), "'" * len(APOSTROPHES) + "".join(LETTERS.values())
    plain = Replace(Func(text, *map(Value, replaced), function="translate"), Value("ß"), Value("ss"))
    marked = Func(plain, template="normalize(%(expressions)s, NFKD)")
    bare = Func(marked, Value(r"[\u0300-\u036f]"), Value(""), Value("g"), function="regexp_replace")
    return Upper(bare, output_field=models.TextField())


def part_of(field: str, name: str) -> GinIndex:
    """An index to find a row by any part of a text, ignoring case, accents and kinds of apostrophes."""
    return GinIndex(OpClass(folded(field), name="gin_trgm_ops"), name=name)


class Customer(models.Model):
    """A customer of the utility. Never logged."""

    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    account = models.CharField(max_length=20, unique=True)
    email = models.EmailField()
    phone = models.CharField(max_length=30)

    class Meta:
        indexes = [
            part_of("name", "customer_name_part"),
            GinIndex(OpClass(digits_of("phone"), name="gin_trgm_ops"), name="customer_phone_part"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class DeviceLocation(models.Model):
    """The place where devices are installed, and its position in the grid."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="locations")
    service_point = models.CharField(
        max_length=40,
        default="",
        db_default="",
        blank=True,
        help_text="The utility's id of the place; empty: it has none.",
    )
    address = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=40)
    zone = models.CharField("control zone", max_length=20)
    substation = models.CharField(max_length=30)
    feeder = models.CharField(max_length=30)
    transformer = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint("service_point", condition=~Q(service_point=""), name="location_service_point_once")
        ]
        indexes = [part_of("address", "location_address_part")]

    def __str__(self) -> str:
        return self.address

    @property
    def is_lived_in(self) -> bool:
        """Whether a device is installed there; the devices are prefetched."""
        return any(device.ended_at is None for device in self.devices.all())


class Device(models.Model):
    """A controllable device. If it is replaced or taken out, its row stays, so that outcomes can still be matched.

    Head end systems write the same NIC id in capitals or small letters; both are one device.
    """

    location = models.ForeignKey(DeviceLocation, on_delete=models.PROTECT, related_name="devices")
    head_end = models.CharField(max_length=40)
    nic_id = models.CharField(max_length=40)
    device_class = models.CharField(max_length=16, choices=DeviceClass.choices)
    model = models.CharField(max_length=60)
    rated_w = models.PositiveIntegerField()
    critical_care = models.BooleanField(default=False)
    installed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # When its facts were last sent to DERMS, their version there, and what DERMS answered to these; null: never.
    facts_at = models.DateTimeField(null=True, editable=False)
    facts_answer = models.CharField(
        max_length=12, choices=SyncAnswer.choices, default="", db_default="", blank=True, editable=False
    )
    facts_error = models.CharField(max_length=300, default="", db_default="", blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "head_end", Upper("nic_id"), condition=Q(ended_at=None), name="cpm_device_live_natural_key"
            ),
            models.CheckConstraint(condition=Q(nic_id=Trim("nic_id")), name="cpm_device_nic_id_trimmed"),
        ]
        indexes = [
            # Everything that loading an extract needs of a device, in the order in which extracts are written.
            models.Index(
                fields=["nic_id"], include=["head_end", "id", "installed_at", "ended_at"], name="cpm_device_by_nic"
            )
        ]

    def __str__(self) -> str:
        return f"{self.head_end}/{self.nic_id}"


class Subscription(models.Model):
    """A customer's enrollment in a program at a device location, over [starts_at, ends_at)."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="subscriptions")
    location = models.ForeignKey(DeviceLocation, on_delete=models.PROTECT, related_name="subscriptions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "program subscription"
        constraints = [
            models.UniqueConstraint("program", "location", condition=Q(ends_at=None), name="subscription_open_once"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")), name="subscription_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} in {self.program}"


class SubscribedDevice(models.Model):
    """A device of a program subscription, and what DERMS answered about it."""

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="subscribed_devices")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="subscribed")
    answer = models.CharField(max_length=12, choices=SyncAnswer.choices, default=SyncAnswer.PENDING)
    error = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("subscription", "device", name="subscribed_device_once")]

    def __str__(self) -> str:
        return f"{self.device} ({self.answer})"
