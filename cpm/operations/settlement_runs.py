"""Runs of settlement: made, reckoned in the background, reviewed, approved by somebody else, exported, or discarded.

A run locks its method before itself, so that of one period runs are made and approved one after another.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from cpm.models.holidays import Holiday
from cpm.models.settlement import PriceVersion, SettlementMethod
from cpm.models.settlement_runs import SettlementPart, SettlementRun, SettlementTransition
from cpm.queries.settlement import latest_measurements, program_events_of, terms_of
from integration.seam import outbox
from integration.seam.loads import Partition
from integration.seam.refusals import Refused
from integration.seam.sql import compose, execute, identifier

from ..choices import DEVICE_KINDS, SEASON_KINDS, SETTLED_STATES, SUBSCRIPTION_KINDS, SettlementState

LINES = "cpm_settlementline"
FIELDS = ["state", "revision", "reviewed_by", "approved_by", "approved_at"]


class RunNotPossible(Refused):
    """Nothing can be settled by this method in this period."""


class RunNotAllowed(Refused):
    """The run's state, or who asks, does not allow it."""


class RunChanged(Refused):
    """The run is another one than the person saw."""


@transaction.atomic
def make_settlement_run(
    *, method_id: int, prices_id: int, starts_on: date, ends_on: date, by: str, now: datetime
) -> SettlementRun:
    """Make a run of a method for a period, both days included; it is reckoned in the background.

    If the period is settled already, it settles the difference. Raises RunNotPossible.
    """
    method = _lock_method(method_id)
    prices = PriceVersion.objects.get(pk=prices_id, method=method)
    _require_period(method, starts_on, ends_on, now)
    run = SettlementRun(
        program=method.program,
        method=method,
        method_version=method.version,
        prices=prices,
        terms=terms_of(method, prices, frozenset(Holiday.objects.values_list("day", flat=True))).as_json(),
        starts_on=starts_on,
        ends_on=ends_on,
        corrects=_settled_before(method, starts_on, ends_on),
        made_by=by,
        made_at=now,
    )
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError as taken:
        raise RunNotPossible(
            _("A run of “%(method)s” for some of these days is open. Approve or discard it first.")
            % {"method": method.name}
        ) from taken
    _plan(run)
    _record(run, "", by, now)
    outbox.wake(outbox.BY_THE_CLOCK)
    return run


@transaction.atomic
def review_settlement_run(*, run_id: int, revision: int, by: str, now: datetime) -> None:
    """Say that a draft of somebody else is right. Raises RunNotAllowed, RunChanged."""
    run = _lock_seen(run_id, revision)
    _require(run, SettlementState.DRAFT, _("reviewed"))
    _require_other(run, by)
    run.review(by)
    save_run(run, SettlementState.DRAFT, by, now)


@transaction.atomic
def approve_settlement_run(*, run_id: int, revision: int, amount: Decimal, by: str, now: datetime) -> None:
    """Approve a reviewed run of somebody else, of the amount that the person saw. Raises RunNotAllowed, RunChanged."""
    run = _lock_seen(run_id, revision)
    _require(run, SettlementState.REVIEWED, _("approved"))
    _require_other(run, by)
    if amount != run.amount or run.corrects != _settled_before(run.method, run.starts_on, run.ends_on):
        raise _changed(run)
    run.approve(by, now)
    save_run(run, SettlementState.REVIEWED, by, now)


@transaction.atomic
def export_settlement_run(*, run_id: int, revision: int, by: str, now: datetime) -> None:
    """Note that an approved run was handed over to billing. Raises RunNotAllowed, RunChanged."""
    run = _lock_seen(run_id, revision)
    _require(run, SettlementState.APPROVED, _("exported"))
    run.export()
    save_run(run, SettlementState.APPROVED, by, now)


@transaction.atomic
def discard_settlement_run(*, run_id: int, revision: int, reason: str, by: str, now: datetime) -> None:
    """Discard a run that is not approved, with its lines. Raises RunNotAllowed, RunChanged."""
    run = _lock_seen(run_id, revision)
    was = run.state
    if was in SETTLED_STATES or was == SettlementState.DISCARDED:
        raise _not_now(run, _("discarded"))
    execute(compose("DROP TABLE IF EXISTS {table}", table=identifier(lines_of(run).table)))
    run.discard()
    save_run(run, was, by, now, why=reason)


def lines_of(run: SettlementRun) -> Partition:
    """Where the lines of a run are."""
    return Partition(LINES, "run_id", run.pk)


def _require_period(method: SettlementMethod, starts_on: date, ends_on: date, now: datetime) -> None:
    if ends_on >= localdate(now):
        raise RunNotPossible(_("%(day)s is not over. Choose a period that has ended.") % {"day": ends_on})
    if starts_on < method.starts_on or (method.ends_on and ends_on > method.ends_on):
        raise RunNotPossible(
            _("“%(method)s” holds from %(first)s to %(last)s. Choose days within that.")
            % {"method": method.name, "first": method.starts_on, "last": method.ends_on or "…"}
        )


def _settled_before(method: SettlementMethod, starts_on: date, ends_on: date) -> list[int]:
    """The approved runs of the same period. Raises RunNotPossible if another period that is settled has some days."""
    settled = method.runs.filter(state__in=SETTLED_STATES, starts_on__lte=ends_on, ends_on__gte=starts_on)
    for run in settled:
        if (run.starts_on, run.ends_on) != (starts_on, ends_on):
            raise RunNotPossible(
                _("%(run)s has settled %(first)s to %(last)s. Correct that period, or choose days outside of it.")
                % {"run": run, "first": run.starts_on, "last": run.ends_on}
            )
    return sorted(run.pk for run in settled)


def _plan(run: SettlementRun) -> None:
    """Note what the run is made of. Raises RunNotPossible if there is nothing."""
    if run.method.kind in (*SUBSCRIPTION_KINDS, *DEVICE_KINDS):
        SettlementPart.objects.create(run=run)
        return
    events = program_events_of(run.program_id, run.starts_on, run.ends_on)
    if not events:
        raise RunNotPossible(
            _("%(program)s had no event from %(first)s to %(last)s.")
            % {"program": run.program, "first": run.starts_on, "last": run.ends_on}
        )
    measured = latest_measurements(events)
    if run.method.kind in SEASON_KINDS:
        of = [{"program_event_id": pk, "measurement_id": measured.get(pk)} for pk in events]
        SettlementPart.objects.create(run=run, events=of)
        return
    SettlementPart.objects.bulk_create(
        SettlementPart(run=run, program_event_id=pk, measurement_id=measured.get(pk)) for pk in events
    )


def _lock_method(method_id: int) -> SettlementMethod:
    rows = SettlementMethod.objects.select_for_update(no_key=True, of=("self",)).select_related("program")
    return rows.get(pk=method_id)


def _lock_seen(run_id: int, revision: int) -> SettlementRun:
    """Lock a run after its method. Raises RunChanged if the person saw another revision."""
    _lock_method(SettlementRun.objects.values_list("method", flat=True).get(pk=run_id))
    rows = SettlementRun.objects.select_for_update(no_key=True, of=("self",)).select_related("method", "program")
    run = rows.get(pk=run_id)
    if run.revision != revision:
        raise _changed(run)
    return run


def _require(run: SettlementRun, state: SettlementState, done: str) -> None:
    if run.state != state:
        raise _not_now(run, done)


def _require_other(run: SettlementRun, by: str) -> None:
    if run.made_by == by:
        raise RunNotAllowed(_("You made %(run)s. Somebody else has to review and to approve it.") % {"run": run})


def _not_now(run: SettlementRun, done: str) -> RunNotAllowed:
    return RunNotAllowed(
        _("%(run)s is %(state)s; it can't be %(done)s now.")
        % {"run": run, "state": run.get_state_display(), "done": done}
    )


def _changed(run: SettlementRun) -> RunChanged:
    return RunChanged(_("%(run)s changed after you opened it. Nothing was done; look at it again.") % {"run": run})


def save_run(run: SettlementRun, was: str, by: str, now: datetime, why: str = "") -> None:
    """Save a locked run's new state, with its row of history."""
    run.revision += 1
    run.save(update_fields=[*FIELDS, "lines", "left_out", "amount", "lines_sha256"])
    _record(run, was, by, now, why)


def _record(run: SettlementRun, was: str, by: str, now: datetime, why: str = "") -> None:
    SettlementTransition.objects.create(
        run=run,
        revision=run.revision,
        from_state=was,
        to_state=run.state,
        at=now,
        by=by,
        why=why,
        lines=run.lines,
        left_out=run.left_out,
        amount=run.amount,
        lines_sha256=run.lines_sha256,
    )
