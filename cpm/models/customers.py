"""Customers, their device locations, devices and program subscriptions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Replace, Trim, Upper
from django.db.models.lookups import Exact
from django.utils.translation import gettext

from cpm.choices import Channel, DeviceClass, Owner, SyncAnswer, Whereabouts
from cpm.models.programs import Program
from integration.pages.ids import device_key
from integration.seam.versions import Versioned


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


def folded(text: str | Combinable) -> Case:
    """A text without case, accents and kinds of apostrophes; Großmann equals GROSSMANN, so do the kinds of apostrophes.

    Whoever compares puts both sides through it, so that a text matches itself. The database computes it, because it
    spells some letters in upper case differently than Python does. Of a text in ASCII only case and the grave accent
    matter: finding no marks in it would take most of the time that an index of a million names does.
    """
    text = F(text) if isinstance(text, str) else text
    replaced = APOSTROPHES + "".join(LETTERS), "'" * len(APOSTROPHES) + "".join(LETTERS.values())
    plain = Replace(Func(text, *map(Value, replaced), function="translate"), Value("ß"), Value("ss"))
    marked = Func(plain, template="normalize(%(expressions)s, NFKD)")
    bare = Func(marked, Value(r"[\u0300-\u036f]"), Value(""), Value("g"), function="regexp_replace")
    is_ascii = Exact(Func(text, function="octet_length"), Func(text, function="length"))
    plain_ascii = Upper(Replace(text, Value("`"), Value("'")))
    return Case(When(is_ascii, then=plain_ascii), default=Upper(bare), output_field=models.TextField())


def part_of(field: str, name: str) -> GinIndex:
    """An index to find a row by any part of a text, ignoring case, accents and kinds of apostrophes."""
    return GinIndex(OpClass(folded(field), name="gin_trgm_ops"), name=name)


class Kept(Versioned):
    """A row that people keep on pages, and files write by the million: the database sets the version of theirs."""

    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    saved_by = models.CharField(max_length=150, blank=True, default="", db_default="", editable=False)

    class Meta:
        abstract = True


def empty_text(label: str, length: int, **options: Any) -> Any:
    """A text that need not be there; files leave it to the database."""
    return models.CharField(label, max_length=length, default="", db_default="", blank=True, **options)


class Customer(Kept):
    """A customer of the utility. Never logged.

    Who did not consent, or wants to hear by another channel, is not e-mailed. Without a language: the utility's.
    `consent_at` is when the customer last said so, null: not known; `consent_source` how, such as a letter.
    """

    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    account = models.CharField(max_length=20, unique=True)
    email = models.EmailField()
    phone = models.CharField(max_length=30)
    cis_id = empty_text("id in the CIS", 40)
    second_phone = empty_text("second telephone", 30)
    language = empty_text("language", 10)
    channel = models.CharField(max_length=9, choices=Channel.choices, default=Channel.EMAIL, db_default="e-mail")
    consents = models.BooleanField("consent to hear of events", default=True, db_default=True)
    consent_at = models.DateTimeField(null=True, blank=True)
    consent_source = empty_text("source of the consent", 60)
    notes = models.TextField(max_length=2000, default="", db_default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("cis_id", condition=~Q(cis_id=""), name="customer_cis_id_once"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="customer_known_channel"),
        ]
        indexes = [
            part_of("name", "customer_name_part"),
            GinIndex(OpClass(digits_of("phone"), name="gin_trgm_ops"), name="customer_phone_part"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def reads(self) -> str:
        """The language of what is written to the customer."""
        return self.language or settings.LANGUAGE_CODE


class DeviceLocation(Kept):
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
    rate = empty_text("rate", 20)
    life_support = models.BooleanField(default=False, db_default=False)
    access_note = empty_text("access", 300)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    # When the customer moved out; null: it is theirs.
    left_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "service_point", condition=~Q(service_point=""), name="location_service_point_once"
            ),
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None) | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="location_on_earth",
            ),
            models.CheckConstraint(condition=Q(left_at=None) | Q(service_point=""), name="location_left_is_free"),
        ]
        indexes = [part_of("address", "location_address_part")]

    def __str__(self) -> str:
        return self.address

    @property
    def is_lived_in(self) -> bool:
        """Whether the customer has not moved out."""
        return self.left_at is None

    @property
    def installed_keys(self) -> list[str]:
        """The devices that are installed, as values of forms."""
        return [device_key(one.head_end, one.nic_id) for one in self.devices.all() if one.ended_at is None]


class Device(Kept):
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
    make = empty_text("make", 60)
    serial_number = empty_text("serial number", 60)
    badge = empty_text("badge", 40)
    firmware = empty_text("firmware", 40)
    owner = empty_text("owner", 8, choices=Owner.choices)
    # Of one that is taken out.
    whereabouts = models.CharField(
        max_length=9, choices=Whereabouts.choices, default=Whereabouts.STORE, db_default="in store"
    )
    repair_since = models.DateTimeField(null=True, editable=False)  # when "in repair" was first entered; it stays
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
            models.CheckConstraint(
                condition=Q(owner__in=["", *Owner.values], whereabouts__in=Whereabouts.values),
                name="cpm_device_known_owner_and_whereabouts",
            ),
        ]
        indexes = [
            # Everything that loading an extract needs of a device, in the order in which extracts are written.
            models.Index(
                fields=["nic_id"], include=["head_end", "id", "installed_at", "ended_at"], name="cpm_device_by_nic"
            )
        ]

    def __str__(self) -> str:
        return f"{self.head_end}/{self.nic_id}"

    @property
    def is_critical(self) -> bool:
        """Whether somebody's health depends on its power, or on power at its place."""
        return self.critical_care or self.location.life_support

    @property
    def state(self) -> str:
        """Installed, or where it is since it was taken out."""
        return gettext("Installed") if self.ended_at is None else self.get_whereabouts_display()


class Subscription(models.Model):
    """A customer's enrollment in a program at a device location, over [starts_at, ends_at)."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="subscriptions")
    location = models.ForeignKey(DeviceLocation, on_delete=models.PROTECT, related_name="subscriptions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    # What a file answered to the program's questions; its record takes them over.
    answers = models.JSONField(null=True, editable=False)

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
