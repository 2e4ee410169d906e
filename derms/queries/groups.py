"""DER groups: their criteria in words, and their devices."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from derms.choices import DeviceClass
from derms.models import DerGroup, Feeder, HeadEnd, Program, Substation, Transformer
from integration.seam import sql
from integration.seam.sql import statement


class GroupRow(NamedTuple):
    """A DER group with its criteria as text."""

    group: DerGroup
    criteria: str


class GroupDevice(NamedTuple):
    """A device of a DER group, its rated power in W and its response rate in per mille.

    The last two are the devices of the whole group and their rated power together.
    """

    device_id: int
    head_end: str
    nic_id: str
    device_class: str
    zone: str
    substation: str
    feeder: str
    transformer: str
    rated_w: int
    rate_pm: int
    devices: int
    devices_w: int


def group_rows() -> list[GroupRow]:
    """Every DER group by name."""
    groups = list(DerGroup.objects.order_by("name"))
    supplied_by = set(chain.from_iterable(group.transformer_ids for group in groups))
    names: dict[str, Mapping[Any, Any]] = {
        "substation_ids": dict(Substation.objects.values_list("pk", "code")),
        "feeder_ids": dict(Feeder.objects.values_list("pk", "code")),
        "transformer_ids": dict(Transformer.objects.filter(pk__in=supplied_by).values_list("pk", "code")),
        "head_end_ids": dict(HeadEnd.objects.values_list("pk", "name")),
        "program_ids": dict(Program.objects.values_list("pk", "name")),
        "device_classes": dict(DeviceClass.choices),
    }
    return [GroupRow(group, _in_words(group, names)) for group in groups]


def group_devices(group: DerGroup, now: datetime, *, after: int = 0, limit: int) -> list[GroupDevice]:
    """The devices of a group that are enrolled now, by id."""
    query = statement("derms", "group_devices", within_groups=statement("derms", "within_groups"))
    params = {"groups": json.dumps([group.criteria]), "starts_at": now, "ends_at": now, "after": after, "limit": limit}
    return [GroupDevice(*row) for row in sql.rows(query, params)]


def _in_words(group: DerGroup, names: Mapping[str, Mapping[Any, Any]]) -> str:
    criteria = [_listed(getattr(group, field), named) for field, named in names.items()]
    if group.least_rate_pct is not None:
        criteria.append(_("response rate at least %(pct)s %%") % {"pct": group.least_rate_pct})
    return "; ".join(filter(None, criteria))


def _listed(chosen: Sequence[Any], names: Mapping[Any, Any]) -> str:
    return ", ".join(str(names.get(one, one)) for one in chosen)
