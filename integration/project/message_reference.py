"""What docs/reference/ says about messages: the fields of each, their types, and an example."""

import json
from collections.abc import Mapping
from typing import Any

from integration.seam.messages import CONTRACTS

Schema = Mapping[str, Any]
_FORMATS = {"uuid": "UUID", "date-time": "moment", "date": "date", "time": "time of day"}


def messages() -> str:
    """A section per message, then one per type that several fields share."""
    schemas = {kind: body.model_json_schema() for kind, body in CONTRACTS.items()}
    parts = {name: part for schema in schemas.values() for name, part in schema.get("$defs", {}).items()}
    sections = [_message(kind, schema) for kind, schema in schemas.items()]
    return "\n".join(sections + [_section(name, part) for name, part in parts.items()])


def executor_receives() -> str:
    """An example of each message that an executor receives: the check is of CPM, the others are of DERMS."""
    received = ("stage_status", "device_reservation", "device_removal", "head_end_sync", "device_status_check")
    return "\n".join(map(_named_example, received))


def executor_sends() -> str:
    """An example of each message that an executor sends."""
    sends = (
        "stage_execution_status",
        "removal_answer",
        "device_opt_out",
        "delivered_load",
        "raw_outcome",
        "device_status",
    )
    return "\n".join(map(_named_example, sends))


def _message(kind: str, schema: Schema) -> str:
    return f"{_section(kind, schema)}\n{_example(kind)}"


def _named_example(kind: str) -> str:
    return f"[`{kind}`](messages.md#{kind}):\n\n{_example(kind)}"


def _example(kind: str) -> str:
    example = json.dumps(CONTRACTS[kind].example, indent=2, ensure_ascii=False)
    return f"```json\n{example}\n```\n"


def _section(name: str, schema: Schema) -> str:
    needed = schema.get("required", ())
    rows = (
        f"| `{field}` | {_type(about)}{'' if field in needed else '; may be missing'} | {about['description']} |\n"
        for field, about in schema["properties"].items()
    )
    return f"### `{name}`\n\n{schema['description']}\n\n| field | type | meaning |\n|---|---|---|\n{''.join(rows)}"


def _type(schema: Schema) -> str:
    """The type of a field as people read it: “text, 1 to 40 characters”."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list, each {_type(schema['items'])}"
    if schema["type"] == "string":
        return _FORMATS.get(schema.get("format", ""), "text") + _range(schema, "Length", " characters")
    return f"{schema['type']}{_range(schema, 'imum', '')}"


def _range(schema: Schema, bound: str, unit: str) -> str:
    """The bounds of a number or of a text's length: “, 1 to 40 characters”."""
    least, most = schema.get(f"min{bound}"), schema.get(f"max{bound}")
    if most is None:
        return "" if least is None else f", {least} or more{unit}"
    return f", at most {most:,}{unit}" if least is None else f", {least} to {most:,}{unit}"
