"""The columns of each kind of extract, with the PostgreSQL types with which they are staged.

They change only with a major version of the protocol: a process that is not upgraded yet refuses a file with another
heading.
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
    "device_reservation": {"head_end": "text", "nic_id": "text", "expected_w": "integer", "nominal_w": "integer"},
    "raw_outcome": {**_OUTCOME, "response_pm": "smallint"},
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
# The columns in the major version before, of kinds that had fewer. A column that a file lacks is read as null.
COLUMNS_BEFORE: Mapping[str, tuple[str, ...]] = {
    "device_reservation": ("head_end", "nic_id", "expected_w"),
    "raw_outcome": tuple(_OUTCOME),
}
