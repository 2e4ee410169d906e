"""The columns of each kind of extract, with the PostgreSQL types with which they are staged.

They never change: a process that is not upgraded yet refuses a file with another heading. Other columns are a new
kind of message.
"""

from collections.abc import Mapping

_OUTCOME = {
    "head_end": "text",
    "nic_id": "text",
    "code": "text",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "reduction_w": "integer",
    "error": "text",
}
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "device_reservation": {"head_end": "text", "nic_id": "text", "expected_w": "integer"},
    "raw_outcome": _OUTCOME,
    "device_outcome": _OUTCOME,
    "enrollment_load": {
        "head_end": "text",
        "nic_id": "text",
        "at": "timestamptz",
        "device_class": "text",
        "rated_w": "integer",
        "zone": "text",
        "feeder": "text",
        "transformer": "text",
        "critical_care": "boolean",
    },
    "enrollment_load_answer": {"head_end": "text", "nic_id": "text", "answer": "text", "error": "text"},
}
