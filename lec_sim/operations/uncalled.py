"""The alert about reserved devices that a stage did not call although they had not left it."""

from integration.seam import sql
from integration.seam.alerts import raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import recorded
from integration.seam.stakes import stakes_of

from ..models import LecStage

UNCALLED = recorded("%(stage)s did not call %(devices)s of its %(reserved)s reserved devices. %(stakes)s")
_LEFT = """
SELECT count(*) FROM lec_sim_removal m
  JOIN lec_reservation r ON r.stage_id = %s AND r.head_end = m.head_end AND r.nic_id = m.nic_id
 WHERE m.stage_uid = %s AND m.has_left
"""


def alert_of_uncalled(stage: LecStage) -> None:
    """Raise an alert if devices are missing from the calls; to be asked when calls are made, or at the end of none."""
    left = sql.value(_LEFT, [stage.pk, stage.stage_uid])
    missing = stage.reserved - left - stage.called
    if missing > 0:
        raise_alert(
            f"uncalled:{stage.stage_uid}",
            kind="devices not called",
            priority=Priority.HIGH,
            text=UNCALLED(
                stage=stage,
                devices=f"{missing:,}",
                reserved=f"{stage.reserved:,}",
                stakes=stakes_of(stage.stage_uid),
            ),
            event_uid=stage.event_uid,
            stage_uid=stage.stage_uid,
        )
