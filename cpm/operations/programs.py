"""Program Configuration and Program Type Configuration."""

from typing import Any

from django.db import transaction

from integration.messages import ProgramRules

from ..models import Program, ProgramType
from .enrollment import send_program_rules


@transaction.atomic
def save_program(*, program_id: int, fields: dict[str, Any], rules: ProgramRules) -> None:
    """Change a program's flags and rules; where a rule changed, DERMS is told."""
    program = Program.objects.select_for_update(no_key=True).get(pk=program_id)
    told = (program.name, program.active, program.rules)
    for name, value in fields.items():
        setattr(program, name, value)
    program.rules_data = rules.model_dump(mode="json")
    if (program.name, program.active, rules) == told:
        program.save()
        return
    program.version += 1
    program.save()
    send_program_rules(program_id=program.pk)


@transaction.atomic
def save_program_type(*, program_type_id: int, fields: dict[str, Any]) -> None:
    """Change a program type's Event Opt Out Parameters."""
    ProgramType.objects.filter(pk=program_type_id).update(**fields)
