"""The parameters of a query, checked as the specification has them; anything else is a 400 that says what is wrong."""

import re
from collections.abc import Collection, Iterable

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils.translation import gettext as _

MOST = 50  # objects of one answer
SKIPPED_MOST = 2**31 - 1
LONGEST = 128  # characters of a name or target
_ID = re.compile("[a-zA-Z0-9_-]{1,128}")
_NUMBER = re.compile("[0-9]{1,10}")
_TRUTH = {"true": True, "false": False}


class Parameters:
    """What a query asks for. Raises BadRequest for a parameter that the address does not take."""

    def __init__(self, request: HttpRequest, *names: str) -> None:
        self._given = request.GET
        for name in self._given:
            if name not in names:
                raise BadRequest(
                    _("This address has no parameter “%(name)s”; it takes: %(names)s.")
                    % {"name": name[:60], "names": ", ".join(names) or "—"}
                )
        self.skip = self._number("skip", 0, SKIPPED_MOST)
        self.limit = self._number("limit", MOST, MOST)
        self.targets = self._targets()

    def matches(self, targets: Iterable[str]) -> bool:
        """Whether an object with these targets is asked for."""
        return self.targets is None or any(one in self.targets for one in targets)

    def text(self, name: str) -> str | None:
        """A name, None if it isn't given. Raises BadRequest."""
        found = self._once(name)
        if found is not None and not _is_text(found):
            raise BadRequest(_("“%(name)s” must have 1 to %(most)s characters.") % {"name": name, "most": LONGEST})
        return found

    def object_id(self, name: str) -> str | None:
        """The id of an object, None if it isn't given. Raises BadRequest."""
        found = self._once(name)
        if found is not None and not _ID.fullmatch(found):
            raise BadRequest(
                _("“%(name)s” must be an id: 1 to %(most)s letters, digits, hyphens and underscores.")
                % {"name": name, "most": LONGEST}
            )
        return found

    def truth(self, name: str) -> bool:
        """Whether a parameter is true; false if it isn't given. Raises BadRequest."""
        found = self._once(name)
        if found is not None and found not in _TRUTH:
            raise BadRequest(_("“%(name)s” must be true or false.") % {"name": name})
        return _TRUTH.get(found or "", False)

    def _targets(self) -> Collection[str] | None:
        """The targets that are asked for, None if the query has none. Raises BadRequest."""
        found = self._given.getlist("targets")
        if any(not _is_text(one) for one in found):
            raise BadRequest(_("Each of “targets” must have 1 to %(most)s characters.") % {"most": LONGEST})
        return frozenset(found) if found else None

    def _number(self, name: str, otherwise: int, most: int) -> int:
        found = self._once(name)
        if found is None:
            return otherwise
        if not _NUMBER.fullmatch(found) or int(found) > most:
            raise BadRequest(_("“%(name)s” must be a whole number from 0 to %(most)s.") % {"name": name, "most": most})
        return int(found)

    def _once(self, name: str) -> str | None:
        found = self._given.getlist(name)
        if len(found) > 1:
            raise BadRequest(_("Give “%(name)s” once.") % {"name": name})
        return found[0] if found else None


def _is_text(value: str) -> bool:
    return 0 < len(value) <= LONGEST and "\0" not in value
