"""Program Configuration and Program Type Configuration."""

from datetime import date, datetime
from typing import Any

import pghistory
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cpm.models.programs import Program, ProgramType
from integration.seam.dated_rules import DatedRules
from integration.seam.program_rules import ProgramRules
from integration.seam.refusals import Refused
from integration.seam.versions import lock_version, save_version

from .enrollment import program_body, send_program_rules


class CodeTaken(Refused):
    """Another program or type has this code."""


class ProgramSuspended(Refused):
    """The program is suspended already, or isn't."""


class RulesTakeEffectTwice(Refused):
    """Other rules of the program take effect on the same day."""


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
    """Change a program's flags, dates and rules, kept in its history; send them to DERMS if it has to know.

    `version` is the one the person saw. Raises SavedMeanwhile.
    """
    program = lock_version(Program.objects.filter(pk=program_id), version)
    # Rules that were stored in another spelling are still the same.
    data = program.rules_data if program.rules == rules else rules.model_dump(mode="json")
    _save(program, {**fields, "rules_data": data}, by, now)


@transaction.atomic
def add_program(*, code: str, fields: dict[str, Any], rules: ProgramRules, by: str, now: datetime) -> Program:
    """Add a program with its rules, and send them to DERMS. Raises CodeTaken."""
    saved = {"rules_data": rules.model_dump(mode="json"), "saved_by": by, "saved_at": now}
    try:
        with transaction.atomic(), pghistory.context(by=by):
            program = Program.objects.create(code=code, **fields, **saved)
    except IntegrityError as taken:
        raise _taken(code) from taken
    send_program_rules(program_id=program.pk)
    return program


@transaction.atomic
def suspend_program(
    *, program_id: int, releases_devices: bool, by: str, now: datetime, version: int | None = None
) -> None:
    """Keep DERMS from choosing devices of a program until it is resumed; customers stay enrolled.

    Scheduled stages keep their devices, unless they are released: then DERMS cancels those stages. `version` is the one
    the person saw. Raises ProgramSuspended, SavedMeanwhile.
    """
    program = _lock_in_state(program_id, version, suspended=False)
    _save(program, {"suspended": True, "releases": program.releases + releases_devices}, by, now)


@transaction.atomic
def resume_program(*, program_id: int, by: str, now: datetime, version: int | None = None) -> None:
    """Let DERMS choose devices of a suspended program again. Raises ProgramSuspended, SavedMeanwhile."""
    _save(_lock_in_state(program_id, version, suspended=True), {"suspended": False}, by, now)


@transaction.atomic
def save_dated_rules(
    *, program_id: int, replaces: date | None, dated: DatedRules, by: str, now: datetime, version: int | None = None
) -> None:
    """Add rules of certain days to a program, or put them in the place of those that take effect on `replaces`.

    `version` is the one the person saw. Raises RulesTakeEffectTwice, SavedMeanwhile.
    """
    program = lock_version(Program.objects.filter(pk=program_id), version)
    others = [one for one in program.dated_rules if one.effective_on != replaces]
    if any(one.effective_on == dated.effective_on for one in others):
        raise RulesTakeEffectTwice(
            _("Other rules of %(program)s take effect on %(day)s, too. Change those, or choose another day.")
            % {"program": program, "day": dated.effective_on}
        )
    _save(program, {"dated_rules_data": _stored([*others, dated])}, by, now)


@transaction.atomic
def remove_dated_rules(
    *, program_id: int, effective_on: date, by: str, now: datetime, version: int | None = None
) -> None:
    """Remove the rules that take effect on a day. `version` is the one the person saw. Raises SavedMeanwhile."""
    program = lock_version(Program.objects.filter(pk=program_id), version)
    others = [one for one in program.dated_rules if one.effective_on != effective_on]
    _save(program, {"dated_rules_data": _stored(others)}, by, now)


@transaction.atomic
def add_program_type(*, code: str, fields: dict[str, Any], by: str, now: datetime) -> ProgramType:
    """Add a program type. Raises CodeTaken."""
    try:
        with transaction.atomic(), pghistory.context(by=by):
            return ProgramType.objects.create(code=code, **fields, saved_by=by, saved_at=now)
    except IntegrityError as taken:
        raise _taken(code) from taken


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


def _save(program: Program, fields: dict[str, Any], by: str, now: datetime) -> None:
    """Save a locked program as its next version, and send it to DERMS if what DERMS knows of it has changed."""
    before = program_body(program)
    with pghistory.context(by=by):
        save_version(program, fields, by=by, now=now)
    if program_body(program).model_copy(update={"version": before.version}) != before:
        send_program_rules(program_id=program.pk)


def _lock_in_state(program_id: int, version: int | None, *, suspended: bool) -> Program:
    program = lock_version(Program.objects.filter(pk=program_id), version)
    if program.suspended != suspended:
        sentence = _("%(program)s isn't suspended.") if suspended else _("%(program)s is suspended already.")
        raise ProgramSuspended(sentence % {"program": program})
    return program


def _stored(dated: list[DatedRules]) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json") for one in sorted(dated, key=lambda one: one.effective_on)]


def _taken(code: str) -> CodeTaken:
    return CodeTaken(_("There is “%(code)s” already. Nothing was saved; choose another code.") % {"code": code})
