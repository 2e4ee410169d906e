"""Service accounts: how another system signs in. Each has an owner, whose permissions bound what it may do."""

from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address, ip_network
from secrets import token_hex, token_urlsafe

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from .versions import Versioned

SECRET_BYTES = 32
LONGEST_NAME = 60


def new_client_id() -> str:
    return f"sa-{token_hex(8)}"


def new_secret() -> str:
    """A secret of 256 random bits, as text. Only `digest_of` of it is stored."""
    return token_urlsafe(SECRET_BYTES)


def digest_of(secret: str) -> str:
    """SHA-256 in hex. Slow hashes are for secrets that people choose; nobody can guess 256 random bits."""
    return sha256(secret.encode(errors="replace")).hexdigest()


class ServiceAccount(Versioned):
    """An account of another system. Its tokens carry `epoch`: those of an earlier epoch are refused.

    `secret_sha256` is empty until a secret was made. `addresses` are networks; if there are none, any address may call.
    One that is personal is its owner's key, named by both: they alone make and revoke it.
    """

    client_id = models.CharField(_("Client id"), max_length=40, unique=True, default=new_client_id, editable=False)
    name = models.CharField(_("Name"), max_length=200)  # of a person's name, a slash and LONGEST_NAME
    is_personal = models.BooleanField(default=False, db_default=False, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("Owner")
    )
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("Scopes"), default=list, blank=True)
    addresses = ArrayField(models.CharField(max_length=43), verbose_name=_("Addresses"), default=list, blank=True)
    expires_on = models.DateField(_("Last day"), null=True, blank=True)
    is_active = models.BooleanField(_("Active"), default=True)
    secret_sha256 = models.CharField(_("Secret"), max_length=64, blank=True, default="", editable=False)
    secret_by = models.CharField(max_length=150, blank=True, default="", editable=False)
    secret_at = models.DateTimeField(null=True, editable=False)
    epoch = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        # The log and history name accounts: two that differ by capitals, or a line break, would tell lies there.
        constraints = [
            models.UniqueConstraint(
                Upper("name"),
                name="service_account_name_once",
                violation_error_message=_("There is a service account of this name already."),
            ),
            models.CheckConstraint(
                condition=~models.Q(name__regex="[[:cntrl:]]"),
                name="service_account_name_is_one_line",
                violation_error_message=_("A name is one line without control characters."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def has_secret(self, secret: str) -> bool:
        """Whether this is the account's secret, compared in constant time."""
        return bool(self.secret_sha256) and compare_digest(self.secret_sha256, digest_of(secret))


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether an IP address lies in one of these networks. IPv4 mapped into IPv6 counts as IPv4."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ip_network(one) for one in networks)
