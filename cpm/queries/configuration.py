"""The changes of programs, program types and unavailabilities: who, when, from what, to what."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from cpm.models.programs import Program, ProgramType
from cpm.models.unavailability import Unavailability
from integration.pages.field_labels import label_of
from integration.seam.program_rules import FIELDS, ProgramRules

from .program_events import Happening

Version = Mapping[str, Any]
MOST_VERSIONS = 50
NO_RULES: Version = ProgramRules().model_dump(mode="json")  # what a rule that was not stored means


class Kept(NamedTuple):
    """What a table of versions keeps: of which rows, its name, the fields that people see, and the field of rules.

    `who` is the field that names the author of a version, if there is one.
    """

    of: type[Model]
    history: str
    fields: tuple[str, ...]
    rules: str = ""
    who: str = ""

    @property
    def labels(self) -> dict[str, str]:
        fields = {name: self.of._meta.get_field(name) for name in self.fields}
        return {name: label_of(str(field.verbose_name)) for name, field in fields.items()}  # type: ignore[union-attr]

    def versions(self, **of: Any) -> QuerySet[Any]:
        found: QuerySet[Any] = apps.get_model("cpm", self.history)._default_manager.filter(**of)
        return found


PROGRAM = Kept(
    Program,
    "ProgramChange",
    (
        *("name", "active", "suspended", "starts_on", "ends_on", "allow_customer_unavailability", "follows_holidays"),
        *("settlement", "eligible_classes", "eligible_models", "eligible_rates", "questions_data"),
        "dual_participation",
    ),
    rules="rules_data",
)
PROGRAM_TYPE = Kept(
    ProgramType,
    "ProgramTypeChange",
    ("name", "category", "device_required", "allow_to_opt_out", "opt_out_cutoff_minutes"),
)
UNAVAILABILITY = Kept(
    Unavailability, "UnavailabilityChange", ("starts_at", "ends_at", "reason", "state"), who="saved_by"
)
DATED = "dated_rules_data"
RULE_LABELS = {
    "overridable": "Rules an event may override",
    "expires_on": "Last day",
    **{field.name: field.label for field in FIELDS},
}


def program_changes(program: Program) -> list[Happening]:
    return _changes(program, PROGRAM)


def program_type_changes(program_type: ProgramType) -> list[Happening]:
    return _changes(program_type, PROGRAM_TYPE)


def unavailability_changes(period: Unavailability) -> list[Happening]:
    return _changes(period, UNAVAILABILITY)


def sentences_of_versions(kept: Kept, ids: Sequence[int]) -> dict[int, str]:
    """What changed with each of these versions, by its id: the fields before and after; of the first one, “Created”."""
    rows = kept.versions(pgh_id__in=ids).values_list("pgh_obj_id", flat=True)
    found, before = {}, None
    for after in kept.versions(pgh_obj_id__in=set(rows)).order_by("pgh_obj_id", "pgh_id").values():
        is_first = before is None or before["pgh_obj_id"] != after["pgh_obj_id"]
        if after["pgh_id"] in ids:
            told = [_("Created")] if is_first else list(_sentences(before or {}, after, kept))
            found[after["pgh_id"]] = "; ".join(told)
        before = after
    return found


def _changes(row: Model, kept: Kept) -> list[Happening]:
    """The changes of a row, newest first."""
    latest = list(kept.versions(pgh_obj_id=row.pk).order_by("-pgh_id").values()[:MOST_VERSIONS])
    return [
        Happening(after["pgh_created_at"], sentence, _who(after, kept.who))
        for after, before in pairwise(latest)
        for sentence in _sentences(before, after, kept)
    ] + [
        Happening(one["pgh_created_at"], _("Created"), _who(one, kept.who))
        for one in latest[-1:]
        if len(latest) < MOST_VERSIONS
    ]


def _sentences(before: Version, after: Version, kept: Kept) -> Iterator[str]:
    for name, label in kept.labels.items():
        if before[name] != after[name]:
            yield _sentence(label, before[name], after[name])
    if kept.rules:
        old, new = before[kept.rules], after[kept.rules]
        for name in sorted({*old, *new}):
            if (was := old.get(name, NO_RULES.get(name))) != (now := new.get(name, NO_RULES.get(name))):
                yield _sentence(_rule_label(name), was, now)
        yield from _dated_sentences(before[DATED], after[DATED])


def _dated_sentences(before: list[Version], after: list[Version]) -> Iterator[str]:
    """What changed in rules of certain days; the days name them."""
    old, new = ({one["effective_on"]: _flat(one) for one in found} for found in (before, after))
    for day in sorted({*old, *new}):
        label = _("Rules from %(day)s on") % {"day": day}
        if day not in old or day not in new:
            yield f"{label}: " + (_("added") if day in new else _("removed"))
            continue
        for name in sorted({*old[day], *new[day]}):
            if (was := old[day].get(name, NO_RULES.get(name))) != (now := new[day].get(name, NO_RULES.get(name))):
                yield f"{label}: {_sentence(_rule_label(name), was, now)}"


def _flat(dated: Version) -> Version:
    return {"expires_on": dated["expires_on"], **dated["rules"]}


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
        return ", ".join(map(_shown, value))
    if isinstance(value, dict):  # a question
        return f"{value['text']} {_shown(value['wanted'])}"
    return f"{value:%Y-%m-%d %H:%MZ}" if hasattr(value, "tzinfo") else str(value)


def _who(version: Version, field: str) -> str:
    return str(version[field] if field else (version["pgh_context"] or {}).get("by") or _("system"))
