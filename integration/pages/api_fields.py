"""Fields of the API's answers, and what the published document says of parameters."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import override
from ninja import Schema
from pydantic import Field

HEAD_END = "Code of the head end system through which the device is reached."
NIC_ID = "The device's id at its head end system."


class DeviceItem(Schema):
    """A row about a device, which begins with its name."""

    head_end: str = Field(description=HEAD_END)
    nic_id: str = Field(description=NIC_ID)


def among(words: Iterable[str | Promise], description: str, **more: Any) -> Any:
    """A field that holds one of these words, in English."""
    with override("en"):
        return Field(description=description, json_schema_extra={"enum": [str(word) for word in words]}, **more)


def hidden(description: str) -> Any:
    """A field that is left out for callers who may not see it."""
    return Field(default=None, description=f"{description} Left out without `cpm.view_customer`.")


def parameters(fields: Mapping[str, forms.Field], defaults: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parameters of a list as OpenAPI has them, from the fields of its filter."""
    return [_parameter(name, field, defaults.get(name)) for name, field in fields.items()]


def _parameter(name: str, field: forms.Field, default: Any) -> dict[str, Any]:
    with override("en"):
        described = str(field.label or name)
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": described,
        "schema": _schema(field) | ({} if default is None else {"default": default}),
    }


def _schema(field: forms.Field) -> dict[str, Any]:
    if isinstance(field, forms.IntegerField):
        bounds = {"minimum": field.min_value, "maximum": field.max_value}
        return {"type": "integer", **{name: value for name, value in bounds.items() if value is not None}}
    if isinstance(field, forms.DateTimeField):
        return {"type": "string", "format": "date-time"}
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        choices: Any = field.choices
        values = [str(value) for value, _label in choices if str(value)]
        return {"type": "string", **({"enum": values} if values else {})}
    # A value of blanks is none, and no text holds a NUL.
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "pattern": r"^[^\u0000]*\S[^\u0000]*$"}
    if isinstance(field, forms.CharField) and field.max_length:
        schema["maxLength"] = field.max_length
    return schema
