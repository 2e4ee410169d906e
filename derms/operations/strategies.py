"""Saving strategies, event types and DER groups."""

from typing import Any

from django.db import transaction

from ..choices import StrategyState
from ..models import DerGroup, EventType, Strategy, StrategyStage


@transaction.atomic
def save_strategy(*, strategy_id: int | None, fields: dict[str, Any], stages: list[dict[str, Any]]) -> Strategy:
    """Create or change a strategy; its default stages become exactly these, numbered in this order.

    Events already made from it keep their copies.
    """
    if strategy_id is None:
        strategy = Strategy.objects.create(**fields)
    else:
        strategy = Strategy.objects.select_for_update(no_key=True).get(pk=strategy_id)
        for name, value in fields.items():
            setattr(strategy, name, value)
        strategy.save(update_fields=list(fields))
    strategy.stages.all().delete()
    for number, values in enumerate(stages, start=1):
        groups = values.pop("der_groups", [])
        StrategyStage.objects.create(strategy=strategy, number=number, **values).der_groups.set(groups)
    return strategy


@transaction.atomic
def move_strategy(*, strategy_id: int, to: StrategyState) -> None:
    """Archive a strategy, so that no new event is made from it, or activate it again; existing events go on."""
    Strategy.objects.filter(pk=strategy_id).update(state=to)


@transaction.atomic
def save_event_type(*, category: str, fields: dict[str, Any]) -> None:
    """Change the times and the Balance Authority check of one type; submitted events keep what was decided."""
    EventType.objects.filter(category=category).update(**fields)


@transaction.atomic
def save_group(*, group_id: int | None, fields: dict[str, Any]) -> DerGroup:
    """Create a DER group or change its criteria.

    Plans that can still be edited use the new ones from then on; submitted events keep those they were submitted with.
    """
    if group_id is None:
        return DerGroup.objects.create(**fields)
    group = DerGroup.objects.select_for_update(no_key=True).get(pk=group_id)
    for name, value in fields.items():
        setattr(group, name, value)
    group.version += 1
    group.save()
    return group
