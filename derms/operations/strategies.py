"""Saving strategies, event types and DER groups."""

from datetime import datetime
from typing import Any

from django.db import transaction

from integration.seam.versions import lock_version, save_version

from ..choices import StrategyState
from ..models import DerGroup, EventType, Strategy, StrategyStage

STAGE_FIELDS = ("program_id", "offset_minutes", "length_minutes", "target_kw", "share_pct", "control", "control_value")


@transaction.atomic
def save_strategy(
    *,
    strategy_id: int | None,
    fields: dict[str, Any],
    stages: list[dict[str, Any]],
    by: str,
    now: datetime,
    version: int | None = None,
) -> Strategy:
    """Create or change a strategy; its default stages become exactly these, numbered in this order.

    Events already made from it keep their copies. `version` is the one the person saw. Raises SavedMeanwhile.
    """
    if strategy_id is None:
        strategy = Strategy.objects.create(**fields, saved_by=by, saved_at=now)
    else:
        strategy = lock_version(Strategy.objects.filter(pk=strategy_id), version)
        save_version(strategy, fields, by=by, now=now, also=_stages_differ(strategy, stages))
    for number, values in enumerate(stages, start=1):
        stage, _is_new = StrategyStage.objects.update_or_create(
            strategy=strategy, number=number, defaults=_comparable(values)[0]
        )
        stage.der_groups.set(values.get("der_groups", []))
    strategy.stages.filter(number__gt=len(stages)).delete()
    return strategy


@transaction.atomic
def move_strategy(*, strategy_id: int, to: StrategyState, by: str, now: datetime, version: int | None = None) -> None:
    """Archive a strategy, so that no new event is made from it, or activate it again; existing events go on.

    `version` is the one the person saw. Raises SavedMeanwhile.
    """
    strategy = lock_version(Strategy.objects.filter(pk=strategy_id), version)
    save_version(strategy, {"state": to}, by=by, now=now)


@transaction.atomic
def save_event_type(
    *, category: str, fields: dict[str, Any], by: str, now: datetime, version: int | None = None
) -> None:
    """Change the times and the Balance Authority check of one type; submitted events keep what was decided.

    `version` is the one the person saw. Raises SavedMeanwhile.
    """
    kind = lock_version(EventType.objects.filter(category=category), version)
    save_version(kind, fields, by=by, now=now)


@transaction.atomic
def save_group(
    *, group_id: int | None, fields: dict[str, Any], by: str, now: datetime, version: int | None = None
) -> DerGroup:
    """Create a DER group or change its criteria.

    Plans that can still be edited use the new ones from then on; submitted events keep those they were submitted with.
    `version` is the one the person saw. Raises SavedMeanwhile.
    """
    if group_id is None:
        return DerGroup.objects.create(**fields, saved_by=by, saved_at=now)
    group = lock_version(DerGroup.objects.filter(pk=group_id), version)
    save_version(group, fields, by=by, now=now)
    return group


def _stages_differ(strategy: Strategy, stages: list[dict[str, Any]]) -> bool:
    rows = strategy.stages.order_by("number").prefetch_related("der_groups")
    before = [
        ({name: getattr(row, name) for name in STAGE_FIELDS}, {g.pk for g in row.der_groups.all()}) for row in rows
    ]
    return before != [_comparable(values) for values in stages]


def _comparable(values: dict[str, Any]) -> tuple[dict[str, Any], set[int]]:
    made = StrategyStage(**{name: value for name, value in values.items() if name != "der_groups"})
    return {name: getattr(made, name) for name in STAGE_FIELDS}, {group.pk for group in values.get("der_groups", [])}
