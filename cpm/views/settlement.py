"""Runs of settlement: the list, one run, its lines, and what people do with it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cpm.models.settlement_runs import SettlementLine, SettlementRun
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.editing import VERSION
from integration.pages.http import SignedInRequest
from integration.pages.keyset import AFTER, SIZE, keyset_page, page_of, split_key
from integration.pages.numbers import count_text, exact, whole
from integration.seam import clock

from .. import operations
from ..choices import SETTLED_STATES, SettlementState
from ..forms import DiscardForm, RunForm
from ..pages.settlement import explained, money
from ..queries.settlement import FIRST, lines_of_run, progress_of, settlement_runs, sums_of, with_subjects
from ..settlement_columns import SETTLEMENT_LINES, SETTLEMENT_PARTS, SETTLEMENT_RUNS, SETTLEMENT_SUMS

SEE = "cpm.view_settlementrun"


@require_safe
@allow(SEE)
def settlement_run_list(request: SignedInRequest) -> HttpResponse:
    page = keyset_page(settlement_runs(), ("-id",), request.GET)
    return render(request, "cpm/settlement_run_list.html", {"columns": SETTLEMENT_RUNS, "page": page})


@ACTING
@allow("cpm.add_settlementrun")
@acts_once
def settlement_run_new(request: SignedInRequest) -> HttpResponse:
    """Have a period settled by a method; of a period that is settled already, the difference."""
    form = RunForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        prices = given["prices"]
        run = operations.make_settlement_run(
            method_id=prices.method_id,
            prices_id=prices.pk,
            starts_on=given["starts_on"],
            ends_on=given["ends_on"],
            by=request.user.username,
            now=clock.now(),
        )
        return redirect("cpm:settlement_run", run.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "cpm/settlement_run_new.html", {"form": form}, status=status)


@require_safe
@allow(SEE)
def settlement_run(request: SignedInRequest, pk: int) -> HttpResponse:
    """A run; while it is computed, its page refreshes itself."""
    run = _run(pk)
    context: dict[str, Any] = {
        "run": run,
        "progress": progress_of(run),
        "is_computing": run.state == SettlementState.COMPUTING,
        "is_settled": run.state in SETTLED_STATES,
        "amount": money(run.amount, run.method),
    }
    if not context["is_computing"]:
        parts = (
            run.parts.select_related("program_event", "measurement").filter(program_event__isnull=False).order_by("pk")
        )
        context |= {"part_columns": SETTLEMENT_PARTS, "parts": parts, "sum_columns": SETTLEMENT_SUMS}
        context["sums"] = sums_of(run)
    context["happened"] = run.transitions.order_by("-revision")
    return render(request, "cpm/settlement_run.html", context)


@require_safe
@allow(SEE)
def settlement_lines(request: SignedInRequest, pk: int) -> HttpResponse:
    """The lines of a run; those that are left out for a reason, if the address names one."""
    run = _run(pk)
    wanted = {"left_out": request.GET["left_out"]} if "left_out" in request.GET else {}
    found = lines_of_run(run, after=_place(request), limit=SIZE + 1, **wanted)
    last = found[:SIZE][-1].line if found else None
    page = page_of(found, request.GET, f"{last.program_event_id}~{last.subject_id}" if last else "")
    return render(request, "cpm/settlement_lines.html", {"run": run, "columns": SETTLEMENT_LINES, "page": page})


@require_safe
@allow(SEE)
def settlement_line(request: SignedInRequest, pk: int, event: int, subject: int) -> HttpResponse:
    """How a line was reckoned."""
    run = _run(pk)
    line = SettlementLine.objects.filter(run_id=pk, program_event_id=event, subject_id=subject).first()
    if line is None:
        raise Http404(_("%(run)s has no such line.") % {"run": run})
    (row,) = with_subjects(run, [line])
    return render(request, "cpm/settlement_line.html", {"run": run, "row": row, "explained": explained(run, row)})


@ACTING
@allow("cpm.review_settlementrun")
@acts_once
def settlement_review(request: SignedInRequest, pk: int) -> HttpResponse:
    run = _run(pk)

    def review(revision: int, who: dict[str, Any]) -> None:
        operations.review_settlement_run(run_id=pk, revision=revision, **who)

    title = _("Say that %(run)s is right?") % {"run": run}
    return _act(request, run, review, SettlementState.DRAFT, title=title, act=_("Reviewed"))


@ACTING
@allow("cpm.approve_settlementrun")
@acts_once
def settlement_approve(request: SignedInRequest, pk: int) -> HttpResponse:
    run = _run(pk)

    def approve(revision: int, who: dict[str, Any]) -> None:
        amount = exact(request.POST.get("amount", ""))
        operations.approve_settlement_run(
            run_id=pk, revision=revision, amount=Decimal(-1) if amount is None else amount, **who
        )

    title = _("Approve %(run)s?") % {"run": run}
    return _act(request, run, approve, SettlementState.REVIEWED, title=title, act=_("Approve"))


@ACTING
@allow("cpm.approve_settlementrun")
@acts_once
def settlement_hand_over(request: SignedInRequest, pk: int) -> HttpResponse:
    run = _run(pk)

    def hand_over(revision: int, who: dict[str, Any]) -> None:
        operations.export_settlement_run(run_id=pk, revision=revision, **who)

    title = _("Note that %(run)s was handed over to billing?") % {"run": run}
    return _act(request, run, hand_over, SettlementState.APPROVED, title=title, act=_("Handed over"))


@ACTING
@allow("cpm.add_settlementrun")
@acts_once
def settlement_discard(request: SignedInRequest, pk: int) -> HttpResponse:
    run = _run(pk)
    form = DiscardForm(request.POST if request.method == "POST" else None)

    def discard(revision: int, who: dict[str, Any]) -> None:
        reason = form.cleaned_data["reason"]
        operations.discard_settlement_run(run_id=pk, revision=revision, reason=reason, **who)

    title = _("Discard %(run)s?") % {"run": run}
    state = SettlementState(run.state)
    may = state not in (*SETTLED_STATES, SettlementState.DISCARDED)
    return _act(request, run, discard, state if may else None, title=title, act=_("Discard"), form=form)


def _act(
    request: SignedInRequest,
    run: SettlementRun,
    do: Callable[[int, dict[str, Any]], None],
    state: SettlementState | None,
    *,
    title: str,
    act: str,
    form: DiscardForm | None = None,
) -> HttpResponse:
    """Show what is decided about, with the revision and the amount that the person sees; POST does it."""
    page = reverse("cpm:settlement_run", args=[run.pk])
    if request.method == "POST" and (form is None or form.is_valid()):
        revision = whole(request.POST.get(VERSION, ""))
        do(-1 if revision is None else revision, {"by": request.user.username, "now": clock.now()})
        messages.success(request, _("It is saved."))
        return redirect(page)
    is_possible = run.state == state
    sentence = _("%(run)s is %(state)s; that is not possible now.")
    return confirm(
        request,
        title=title,
        about=_("%(method)s, prices %(prices)s, %(first)s to %(last)s")
        % {"method": run.method, "prices": run.prices.number, "first": run.starts_on, "last": run.ends_on},
        consequences=[
            _("%(lines)s lines of %(amount)s; %(left_out)s are left out.")
            % {
                "lines": count_text(run.lines),
                "amount": money(run.amount, run.method),
                "left_out": count_text(run.left_out),
            },
            _("Made by %(by)s.") % {"by": run.made_by},
        ],
        impossible="" if is_possible else sentence % {"run": run, "state": run.get_state_display()},
        form=form,
        hidden=[(VERSION, str(run.revision)), ("amount", str(run.amount))],
        act=act,
        keep=_("Back"),
        keep_url=page,
    )


def _run(pk: int) -> SettlementRun:
    return get_object_or_404(settlement_runs(), pk=pk)


def _place(request: SignedInRequest) -> tuple[int, int]:
    """The line after which the page begins."""
    if not request.GET.get(AFTER):
        return FIRST
    event, subject = (whole(one) for one in split_key(request.GET[AFTER], 2))
    return (event or 0, subject or 0)
