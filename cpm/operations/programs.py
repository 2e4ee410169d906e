"""Program Configuration and Program Type Configuration."""

from typing import Any

import pghistory
from django.db import transaction

from cpm.models.programs import Program, ProgramType
from integration.seam.program_rules import ProgramRules

from .enrollment import send_program_rules


@transaction.atomic
def save_program(*, program_id: int, fields: dict[str, Any], rules: ProgramRules, by: str) -> None:
    """Change a program's flags and rules, kept in its history; send them to DERMS if they changed."""
    program = Program.objects.select_for_update(no_key=True).get(pk=program_id)
    before = (program.name, program.active, program.rules)
    for name, value in fields.items():
        setattr(program, name, value)
    program.rules_data = rules.model_dump(mode="json")
    is_changed = (program.name, program.active, rules) != before
    program.version += is_changed
    with pghistory.context(by=by):
        program.save()
    if is_changed:
        send_program_rules(program_id=program.pk)


@transaction.atomic
def save_program_type(*, program_type_id: int, fields: dict[str, Any], by: str) -> None:
    """Change a program type's Event Opt Out Parameters, kept in its history."""
    with pghistory.context(by=by):
        ProgramType.objects.filter(pk=program_type_id).update(**fields)
