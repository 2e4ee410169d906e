"""Methods of settlement and their prices, kept by people."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pghistory
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cpm.models.settlement import PriceVersion, SettlementMethod, TimePrice
from cpm.settlement import Hours
from integration.seam.refusals import Refused
from integration.seam.versions import lock_version, save_version


class MethodTaken(Refused):
    """Another method of the program has this name."""


@transaction.atomic
def add_settlement_method(
    *,
    program_id: int,
    fields: dict[str, Any],
    price: Decimal,
    hours: Sequence[Hours],
    by: str,
    now: datetime,
    note: str = "",
) -> SettlementMethod:
    """Add a method with its first prices. Raises MethodTaken."""
    try:
        with transaction.atomic(), pghistory.context(by=by):
            method = SettlementMethod.objects.create(program_id=program_id, **fields, saved_by=by, saved_at=now)
    except IntegrityError as taken:
        raise _taken(fields["name"]) from taken
    _add_prices(method, 1, price, hours, by, now, note)
    return method


@transaction.atomic
def save_settlement_method(
    *, method_id: int, fields: dict[str, Any], by: str, now: datetime, version: int | None = None
) -> None:
    """Change a method for runs to come; those that are made keep theirs.

    `version` is the one the person saw. Raises MethodTaken, SavedMeanwhile.
    """
    method = lock_version(SettlementMethod.objects.filter(pk=method_id), version)
    try:
        with transaction.atomic(), pghistory.context(by=by):
            save_version(method, fields, by=by, now=now)
    except IntegrityError as taken:
        raise _taken(fields["name"]) from taken


@transaction.atomic
def add_prices(
    *,
    method_id: int,
    price: Decimal,
    hours: Sequence[Hours],
    by: str,
    now: datetime,
    note: str = "",
    version: int | None = None,
) -> PriceVersion:
    """Add the next version of a method's prices.

    `version` is that of the method that the person saw; with the prices it gets another. Raises SavedMeanwhile.
    """
    method = lock_version(SettlementMethod.objects.filter(pk=method_id), version)
    save_version(method, {}, by=by, now=now, also=True)
    return _add_prices(method, method.prices.count() + 1, price, hours, by, now, note)


def _add_prices(
    method: SettlementMethod,
    number: int,
    price: Decimal,
    hours: Sequence[Hours],
    by: str,
    now: datetime,
    note: str = "",
) -> PriceVersion:
    with pghistory.context(by=by):
        prices = PriceVersion.objects.create(
            method=method, number=number, price=price, note=note, saved_by=by, saved_at=now
        )
    TimePrice.objects.bulk_create(TimePrice(version=prices, **one._asdict()) for one in hours)
    return prices


def _taken(name: str) -> MethodTaken:
    return MethodTaken(
        _("The program has a method “%(name)s” already. Nothing was saved; choose another name.") % {"name": name}
    )
