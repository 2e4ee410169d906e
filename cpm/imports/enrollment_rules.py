"""Who may join a program, as columns of its file: lists have bars between their values."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from integration.importing.kinds import Column
from integration.importing.values import Choice, Code, Flag, Text
from integration.seam.sql import compose

from ..choices import Settlement
from ..questions import question_of
from .devices import CLASSES
from .rule_values import SEPARATOR, Listed, read_question

SETTLEMENTS = {
    "Festbetrag": "fixed", "Ereignisse": "events", "per_event": "events", "Leistung": "capacity", "Arbeit": "energy",
}  # fmt: skip
BETWEEN_BARS = _("With | between values; empty: all.")
ENROLLING_NOW = compose("""
array_to_string(p.eligible_classes, '|') AS eligible_classes,
array_to_string(p.eligible_models, '|') AS eligible_models,
array_to_string(p.eligible_rates, '|') AS eligible_rates,
coalesce((SELECT string_agg(concat(q ->> 'text', CASE WHEN (q ->> 'wanted')::boolean THEN ' yes' ELSE ' no' END), '|'
                            ORDER BY n)
            FROM jsonb_array_elements(p.questions_data) WITH ORDINALITY asked (q, n)), '') AS questions
""")
ENROLLING = (
    Column(
        "settlement",
        _("Settlement method"),
        Choice(tuple(Settlement.values), SETTLEMENTS),
        ("settlement_method", "Abrechnungsart"),
        default="",
        is_required=False,
    ),
    Column(
        "dual_participation",
        _("Dual participation"),
        Flag(),
        ("Doppelteilnahme",),
        _("A place may be in another program of the same type at the same time."),
        default="t",
        is_required=False,
    ),
    Column(
        "eligible_classes",
        _("Eligible device classes"),
        Listed(CLASSES.read, 10),
        ("device_classes", "Geräteklassen"),
        BETWEEN_BARS,
        default="",
        is_required=False,
    ),
    Column(
        "eligible_models",
        _("Eligible models"),
        Listed(Text(120).read, 50),
        ("models", "Gerätemodelle"),
        BETWEEN_BARS,
        default="",
        is_required=False,
    ),
    Column(
        "eligible_rates",
        _("Eligible rates"),
        Listed(Code(20).read, 50),
        ("rates", "Tarife"),
        BETWEEN_BARS,
        default="",
        is_required=False,
    ),
    Column(
        "questions",
        _("Qualification questions"),
        Listed(read_question, 10),
        ("qualification_questions", "Fragen"),
        _("With | between them, and the wanted answer at the end of each: Do you own the house? yes"),
        default="",
        is_required=False,
    ),
)


def enrolling_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a program that lists of a row fill."""
    lists = {name: _parts(row[name]) for name in ("eligible_classes", "eligible_models", "eligible_rates")}
    questions = [one for one in map(question_of, _parts(row["questions"])) if one]
    return {**lists, "questions_data": [one._asdict() for one in questions]}


def _parts(text: str) -> list[str]:
    return [part for part in text.split(SEPARATOR) if part]
