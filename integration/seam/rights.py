"""What each service account may do now: its own scopes and its owner's present permissions.

Every process keeps what it looked up, at most KEPT_S long: a token alone can't be revoked. The database notifies
processes of each change of an account, a person, a role or its permissions (CHANNEL), which empties what they keep. A
notification may be lost while the connection that listens is away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from time import monotonic
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from .scopes import permissions_of
from .service_accounts import ServiceAccount, is_within

CHANNEL = "rights_changed"
KEPT_S = 5.0


@dataclass(frozen=True, slots=True)
class Rights:
    """An account as calls see it; `permissions` are those that its owner has and its scopes carry."""

    pk: int
    client_id: str
    name: str
    epoch: int
    scopes: frozenset[str]
    permissions: frozenset[str]
    networks: tuple[str, ...]
    expires_on: date | None
    is_active: bool
    owner_is_active: bool

    def refusal(self, *, address: str, now: datetime) -> str:
        """Why a call from this address is refused now; empty if it isn't."""
        if ended := self.end(now):
            return ended
        if self.networks and not is_within(address, self.networks):
            return _("The service account may not call from this address.")
        return ""

    def end(self, now: datetime) -> str:
        """Why the account can't be used at all now; empty if it can."""
        if not self.is_active:
            return _("The service account is switched off.")
        if not self.owner_is_active:
            return _("The owner of the service account may not sign in any more, so it has stopped.")
        if self.expires_on and now.date() > self.expires_on:
            return _("The service account expired after %(day)s.") % {"day": self.expires_on.isoformat()}
        return ""


class RightsCache:
    """What this process knows about accounts, by their keys."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._kept: dict[int, tuple[float, Rights]] = {}
        self._clock, self._generation = clock, 0

    def of(self, pk: int) -> Rights | None:
        """An account's rights, at most KEPT_S old; None if there is no such account."""
        now, generation = self._clock(), self._generation
        at, found = self._kept.get(pk, (0.0, None))
        if found is not None and now - at <= KEPT_S:
            return found
        looked_up = look_up(Q(pk=pk))
        # What was notified while the database was asked may not be in its answer.
        if looked_up and generation == self._generation:
            self._kept[pk] = (now, looked_up)
        return looked_up

    def kept(self, pk: int) -> Rights | None:
        """An account's rights if this process knows them, at most KEPT_S old; the database is not asked."""
        at, found = self._kept.get(pk, (0.0, None))
        return found if self._clock() - at <= KEPT_S else None

    def forget(self) -> None:
        """Forget everything: something has changed."""
        self._generation += 1
        self._kept.clear()


def look_up(wanted: Q) -> Rights | None:
    """The rights of the one account that is wanted, from the database."""
    account = ServiceAccount.objects.select_related("owner").filter(wanted).first()
    return rights_of(account) if account else None


def rights_of(account: ServiceAccount) -> Rights:
    owner: Any = account.owner
    return Rights(
        pk=account.pk,
        client_id=account.client_id,
        name=account.name,
        epoch=account.epoch,
        scopes=frozenset(account.scopes),
        permissions=permissions_of(account.scopes) & frozenset(owner.get_all_permissions()),
        networks=tuple(account.addresses),
        expires_on=account.expires_on,
        is_active=account.is_active,
        owner_is_active=owner.is_active,
    )


known_rights = RightsCache()
