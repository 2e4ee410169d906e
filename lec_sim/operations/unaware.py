"""Alerts about head ends that had not read of a stage, or of devices that leave it, when it started."""

from datetime import datetime

from django.db import transaction

from integration.seam.alerts import close_alert, close_alerts, raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import recorded
from integration.seam.stakes import stakes_of

from ..drivers import drivers_in_use
from ..models import LecStage
from ..queries.openadr import CANCEL_NOT_READ, unread_cancel
from .locks import lock_stage

UNAWARE = recorded(
    "%(stage)s started and %(head_ends)s had not read it: %(devices)s of its %(reserved)s devices are not called. "
    "%(stakes)s"
)
UNCONFIRMED = recorded(
    "%(stage)s started and head ends had not read that %(devices)s devices leave it: they may be called."
)
CANCELED = recorded(
    "%(stage)s was canceled. %(head_ends)s had read the stage and has not read that: %(devices)s devices may run until "
    "its end."
)
KIND, REMOVAL_KIND = "head end not told", "removal not read"
NAMED = 5  # head ends


def alert_of_unaware(stage: LecStage) -> None:
    """Raise an alert, when a stage calls its devices, if head ends don't know of it."""
    unaware = [found for driver in drivers_in_use() if (found := driver.unaware(stage))]
    if not unaware:
        return
    names = [name for one in unaware for name in one.head_ends]
    raise_alert(
        f"unaware:{stage.stage_uid}",
        kind=KIND,
        priority=Priority.HIGH,
        text=UNAWARE(
            stage=stage,
            head_ends=_named(names),
            devices=f"{sum(one.devices for one in unaware):,}",
            reserved=f"{stage.reserved:,}",
            stakes=stakes_of(stage.stage_uid),
        ),
        event_uid=stage.event_uid,
        stage_uid=stage.stage_uid,
    )


def alert_of_unconfirmed(stage: LecStage, devices: int) -> None:
    """Raise an alert if devices were to leave a stage and their head ends had not read it."""
    if devices:
        raise_alert(
            f"unconfirmed:{stage.stage_uid}",
            kind=REMOVAL_KIND,
            priority=Priority.HIGH,
            text=UNCONFIRMED(stage=stage, devices=f"{devices:,}"),
            event_uid=stage.event_uid,
            stage_uid=stage.stage_uid,
        )


@transaction.atomic
def report_unread_cancel(stage_id: int, *, now: datetime) -> None:
    """Raise an alert if head ends that know of a canceled stage still haven't read that it is off."""
    stage = lock_stage(stage_id)
    if unread := list(unread_cancel(stage)):
        raise_alert(
            f"cancel:{stage.stage_uid}",
            kind=CANCEL_NOT_READ,
            priority=Priority.HIGH,
            text=CANCELED(
                stage=stage,
                head_ends=_named([str(one.ven) for one in unread]),
                devices=f"{sum(one.devices for one in unread):,}",
            ),
            event_uid=stage.event_uid,
            stage_uid=stage.stage_uid,
        )


def close_if_aware(stage: LecStage) -> None:
    """Close the alerts once every head end has read the stage, or that it was canceled."""
    if not any(driver.unaware(stage) for driver in drivers_in_use()):
        close_alert(f"unaware:{stage.stage_uid}")
    if not unread_cancel(stage).exists():
        close_alert(f"cancel:{stage.stage_uid}")


def close_unaware_alert(stage: LecStage) -> None:
    """Close them: the stage is over."""
    close_alerts([KIND, REMOVAL_KIND], stage_uid=stage.stage_uid)


def _named(names: list[str]) -> str:
    return ", ".join([*names[:NAMED], *(["…"] if len(names) > NAMED else [])])
