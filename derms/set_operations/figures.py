"""Counting the devices of an event, each once."""

from collections.abc import Sequence

from integration.seam.sql import value

from ..choices import StageState
from ..models import Stage

_COUNT = """
SELECT count(DISTINCT r.device_id)
  FROM derms_reservation r
 WHERE r.stage_id = ANY(%(stages)s)
   AND NOT EXISTS (SELECT FROM derms_departure gone WHERE gone.stage_id = r.stage_id AND gone.device_id = r.device_id)
"""


def count_devices_once(stages: Sequence[Stage]) -> int:
    """Count the devices reserved in any of the stages, except those that left and those of stages that never ran."""
    counted = [stage for stage in stages if stage.state != StageState.CANCELED or stage.started_at]
    if len(counted) == 1:
        return counted[0].reserved - counted[0].removed
    return int(value(_COUNT, {"stages": [stage.pk for stage in counted]}))
