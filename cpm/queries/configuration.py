"""The changes of programs, program types and unavailabilities: who, when, from what, to what."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.utils.translation import gettext as _

from cpm.models.programs import Program, ProgramType
from cpm.models.unavailability import Unavailability
from integration.pages.field_labels import label_of
from integration.seam.program_rules import FIELDS

from .program_events import Happening

Version = Mapping[str, Any]
MOST_VERSIONS = 50
RULE_LABELS = {"overridable": "Rules an event may override", **{field.name: field.label for field in FIELDS}}


def program_changes(program: Program) -> list[Happening]:
    return _changes(program, "ProgramChange", ["name", "active", "allow_customer_unavailability"], rules="rules_data")


def program_type_changes(program_type: ProgramType) -> list[Happening]:
    return _changes(program_type, "ProgramTypeChange", ["name", "allow_to_opt_out", "opt_out_cutoff_minutes"])


def unavailability_changes(period: Unavailability) -> list[Happening]:
    return _changes(period, "UnavailabilityChange", ["starts_at", "ends_at", "reason", "state"], who="saved_by")


def _changes(row: Model, history: str, names: list[str], *, rules: str = "", who: str = "") -> list[Happening]:
    """The changes of a row, newest first; `who` is the field that names the author of a version, if there is one."""
    versions = apps.get_model("cpm", history)._default_manager.filter(pgh_obj_id=row.pk)
    latest = list(versions.order_by("-pgh_id").values()[:MOST_VERSIONS])
    labels = {name: label_of(str(row._meta.get_field(name).verbose_name)) for name in names}  # type: ignore[union-attr]
    return [
        Happening(after["pgh_created_at"], sentence, _who(after, who))
        for after, before in pairwise(latest)
        for sentence in _sentences(before, after, labels, rules)
    ] + [
        Happening(one["pgh_created_at"], _("Created"), _who(one, who))
        for one in latest[-1:]
        if len(latest) < MOST_VERSIONS
    ]


def _sentences(before: Version, after: Version, labels: Mapping[str, str], rules: str) -> Iterator[str]:
    for name, label in labels.items():
        if before[name] != after[name]:
            yield _sentence(label, before[name], after[name])
    if rules:
        old, new = before[rules], after[rules]
        for name in sorted({*old, *new}):
            if (was := old.get(name)) != (now := new.get(name)):
                yield _sentence(_rule_label(name), was, now)


def _sentence(label: str, was: Any, now: Any) -> str:
    return f"{label}: {_shown(was)} → {_shown(now)}"


def _rule_label(name: str) -> str:
    """The label of a rule; one that this version no longer has keeps its name."""
    return _(RULE_LABELS[name]) if name in RULE_LABELS else label_of(name.replace("_", " "))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value in (None, "", [], ()):
        return "—"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:%Y-%m-%d %H:%MZ}" if hasattr(value, "tzinfo") else str(value)


def _who(version: Version, field: str) -> str:
    return str(version[field] if field else (version["pgh_context"] or {}).get("by") or _("system"))
