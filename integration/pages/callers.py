"""Who calls: a service account in the place of a person, so that calls and pages ask for the same permission."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from integration.seam import tokens
from integration.seam.rights import Rights, known_rights
from integration.seam.scopes import permissions_of
from integration.seam.service_accounts import ServiceAccount
from integration.seam.tokens import TokenRefused

ACTOR = "service account %s"  # as the log and history name one
LONGEST_ACTOR = 150  # of history's `by`


class Caller:
    """A service account that calls with a token, at a moment. Its name has a blank, which no person's has."""

    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False
    pk = None

    def __init__(self, rights: Rights, scopes: frozenset[str], at: datetime) -> None:
        self.rights, self.scopes, self.at = rights, scopes, at
        self.username = username_of(rights)
        self._permissions = rights.permissions & permissions_of(scopes)

    def owner(self) -> Any:
        """The person who answers for the account."""
        return ServiceAccount.objects.select_related("owner").get(pk=self.rights.pk).owner

    def get_username(self) -> str:
        return self.username

    def get_all_permissions(self, obj: object = None) -> set[str]:
        return set(self._permissions)

    def has_perm(self, name: str, obj: object = None) -> bool:
        """Whether token, account and owner all have this permission."""
        return name in self._permissions

    def has_perms(self, names: Iterable[str], obj: object = None) -> bool:
        return all(map(self.has_perm, names))


def username_of(rights: Rights) -> str:
    """The account as the log and history name it."""
    return ACTOR % rights.name


def caller_of(token_text: str, *, address: str, now: datetime) -> Caller:
    """Whose token this is. Raises TokenRefused with a sentence."""
    token = tokens.read(token_text, now=now)
    rights = known_rights.of(token.account)
    if rights is None or rights.epoch != token.epoch:
        raise TokenRefused(
            _("The token is no longer valid; ask for a new one."), username_of(rights) if rights else None
        )
    if why_not := rights.refusal(address=address, now=now):
        raise TokenRefused(why_not, username_of(rights))
    return Caller(rights, token.scopes & rights.scopes, now)
