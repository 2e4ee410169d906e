"""Program Configuration and Program Type Configuration."""

from datetime import datetime
from typing import Any

import pghistory
from django.db import transaction

from cpm.models.programs import Program, ProgramType
from integration.seam.program_rules import ProgramRules
from integration.seam.versions import lock_version, save_version

from .enrollment import send_program_rules


@transaction.atomic
def save_program(
    *,
    program_id: int,
    fields: dict[str, Any],
    rules: ProgramRules,
    by: str,
    now: datetime,
    version: int | None = None,
) -> None:
    """Change a program's flags and rules, kept in its history; send them to DERMS if they changed.

    `version` is the one the person saw. Raises SavedMeanwhile.
    """
    program = lock_version(Program.objects.filter(pk=program_id), version)
    before = (program.name, program.active, program.rules)
    # Rules that were stored in another spelling are still the same.
    data = program.rules_data if program.rules == rules else rules.model_dump(mode="json")
    with pghistory.context(by=by):
        save_version(program, {**fields, "rules_data": data}, by=by, now=now)
    if (program.name, program.active, rules) != before:
        send_program_rules(program_id=program.pk)


@transaction.atomic
def add_program(*, code: str, fields: dict[str, Any], rules: ProgramRules, by: str, now: datetime) -> Program:
    """Add a program with its rules, and send them to DERMS."""
    saved = {"rules_data": rules.model_dump(mode="json"), "saved_by": by, "saved_at": now}
    with pghistory.context(by=by):
        program = Program.objects.create(code=code, **fields, **saved)
    send_program_rules(program_id=program.pk)
    return program


@transaction.atomic
def save_program_type(
    *, program_type_id: int, fields: dict[str, Any], by: str, now: datetime, version: int | None = None
) -> None:
    """Change a program type's Event Opt Out Parameters, kept in its history.

    `version` is the one the person saw. Raises SavedMeanwhile.
    """
    program_type = lock_version(ProgramType.objects.filter(pk=program_type_id), version)
    with pghistory.context(by=by):
        save_version(program_type, fields, by=by, now=now)
