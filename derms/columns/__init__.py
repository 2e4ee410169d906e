"""The columns of DERMS's lists: headings, cells, orders, and what files hold."""

from .events import (
    ANSWERS,
    COMING_STAGES,
    DEVICES,
    EVENTS,
    LAST_CALLS,
    SILENT_DEVICES,
    STAGE_DEVICES,
    STAGES,
    STRATEGIES,
)
from .reserve import RESERVE
from .settings import EVENT_TYPES, FEEDERS, GROUP_DEVICES, GROUPS, HEAD_ENDS, SUBSTATIONS, TRANSFORMERS, ZONES

__all__ = [
    "ANSWERS",
    "COMING_STAGES",
    "DEVICES",
    "EVENTS",
    "EVENT_TYPES",
    "FEEDERS",
    "GROUPS",
    "GROUP_DEVICES",
    "HEAD_ENDS",
    "LAST_CALLS",
    "RESERVE",
    "SILENT_DEVICES",
    "STAGES",
    "STAGE_DEVICES",
    "STRATEGIES",
    "SUBSTATIONS",
    "TRANSFORMERS",
    "ZONES",
]
