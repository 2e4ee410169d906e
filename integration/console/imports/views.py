"""System > Import: send a file, see what it would change, apply it."""

import io
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from integration.importing import operations, queries
from integration.importing.choices import RunState
from integration.importing.kinds import Kind, kind_of
from integration.importing.mappings import save_mapping
from integration.importing.models import ImportRun
from integration.importing.recognising import Recognised
from integration.importing.refusals import FileRefused
from integration.pages.access import allow
from integration.pages.acting import ACTING, acts_once
from integration.pages.confirm import confirm
from integration.pages.http import SignedInRequest
from integration.pages.keyset import keyset_page
from integration.pages.numbers import count_text
from integration.seam import clock
from integration.seam.recorded import in_words

from .columns import REFUSED_CELLS, RUNS, SAMPLES, kind_label
from .forms import ApplyForm, CheckForm, FileForm
from .shown import shown

RUNNING = (RunState.CHECKING, RunState.APPLYING)


@require_safe
@allow("importing.add_importrun")
def import_list(request: SignedInRequest) -> HttpResponse:
    """Every file that was sent, newest first."""
    context = {"columns": RUNS, "page": keyset_page(queries.runs(), ("-id",), request.GET)}
    return render(request, "console/imports/list.html", context)


@ACTING
@allow("importing.add_importrun")
@acts_once
def import_new(request: SignedInRequest) -> HttpResponse:
    """Send a file."""
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if request.method == "POST" and form.is_valid():
        said, file = form.cleaned_data, form.cleaned_data["file"]
        given = {"day_order": said["day_order"]} if said["day_order"] else {}
        name, by = file.name, request.user.username
        try:
            run = operations.receive_file(
                kind=said["kind"],
                file=file.file,
                name=name,
                by=by,
                now=clock.now(),
                given=given,
                saved=said["mapping"],
            )
            return redirect("import_check", run.uid)
        except FileRefused as refused:
            form.add_error("file", in_words(str(refused)))
    return render(request, "console/imports/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@allow("importing.add_importrun")
def import_run(request: SignedInRequest, uid: str) -> HttpResponse:
    """One file: what was recognised, what it would change or has changed, and which rows are refused."""
    run = get_object_or_404(ImportRun, uid=uid)
    kind, found, failed = kind_of(run.kind), Recognised(**run.recognised), queries.failed_work_of(run)
    context = {
        "run": run,
        "kind": kind_label(run),
        "why": in_words(run.why),
        "suspicions": [in_words(one) for one in run.suspicions],
        "found": found,
        "matched": found.matched(kind),
        "is_running": run.state in RUNNING and not (failed and failed.dead_at),
        "failed": failed,
        "can_cancel": queries.can_be_canceled(run),
        "is_own": (is_own := run.by == request.user.username),
        "can_apply": is_own and run.state == RunState.CHECKED and run.added + run.changed + run.missing > 0,
        "earlier": queries.earlier_run(run),
        "samples": {name: _sample(run, kind, name) for name in ("added", "changed")},
        "changed_since": _in_words(kind, queries.changed_since(run, kind)),
        "sample_columns": SAMPLES,
        "refused": queries.refused_cells(run)[: queries.SHOWN],
        "refused_columns": REFUSED_CELLS,
    }
    return render(request, "console/imports/run.html", context)


def _sample(run: ImportRun, kind: Kind, outcome: str) -> list[dict[str, Any]]:
    """A few rows that would be added or changed, with their values in words."""
    return _in_words(kind, queries.sample_of_changes(run, kind, outcome))


def _in_words(kind: Kind, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    types = {str(column.label): column.type for column in kind.stored.columns}
    return [
        {
            **row,
            "differs": [
                (label, old if old is None else shown(old, types[label]), shown(new, types[label]))
                for label, old, new in row["differs"]
            ],
        }
        for row in rows
    ]


@ACTING
@allow("importing.add_importrun")
@acts_once
def import_check(request: SignedInRequest, uid: str) -> HttpResponse:
    """Match the columns, and have the dry run made."""
    run = get_object_or_404(ImportRun, uid=uid)
    kind, found = kind_of(run.kind), Recognised(**run.recognised)
    form = CheckForm(request.POST if request.method == "POST" else None, kind=kind, found=found)
    if request.method == "POST" and form.is_valid():
        said = {"by_hand": form.by_hand(), "layout": form.layout()}
        by = request.user.username
        run = operations.check_file(uid=uid, **said, by=by, now=clock.now())
        if name := form.cleaned_data["save_as"]:
            save_mapping(run=run, name=name, by=by, now=clock.now())
            messages.success(request, _("The mapping “%(name)s” is saved.") % {"name": name})
        return redirect("import_run", uid)
    context = {"form": form, "run": run, "kind": kind_label(run)}
    return render(request, "console/imports/check.html", context, status=422 if form.errors else 200)


@ACTING
@allow("importing.add_importrun")
@acts_once
def import_apply(request: SignedInRequest, uid: str) -> HttpResponse:
    """Apply what the dry run showed."""
    run = get_object_or_404(ImportRun, uid=uid)
    has = {"has_refused": run.refused > 0, "has_missing": run.missing > 0}
    form = ApplyForm(request.POST if request.method == "POST" else None, **has)
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data.get(name, False) for name in ("only_good_rows", "ends_missing")}
        operations.apply_file(uid=uid, **said, by=request.user.username, now=clock.now())
        messages.success(request, _("The file is being applied."))
        return redirect("import_run", uid)
    return confirm(
        request,
        title=_("Apply “%(file)s”?") % {"file": run.file_name},
        consequences=[
            ngettext(
                "%(added)s row is added and %(changed)s changed: all of them or none.",
                "%(added)s rows are added and %(changed)s changed: all of them or none.",
                run.added,
            )
            % {"added": count_text(run.added), "changed": count_text(run.changed)},
            _("If a row has changed since the dry run, nothing is applied and you see which."),
        ],
        impossible="" if run.state == RunState.CHECKED else _("Only a checked file can be applied."),
        form=form if form.fields else None,
        act=_("Apply"),
        keep=_("Don't apply it"),
        keep_url=reverse("import_run", args=[uid]),
    )


@ACTING
@allow("importing.add_importrun")
@acts_once
def import_cancel(request: SignedInRequest, uid: str) -> HttpResponse:
    """Cancel a file that is not being applied."""
    run = get_object_or_404(ImportRun, uid=uid)
    if request.method == "POST":
        operations.cancel_run(uid=uid, by=request.user.username, now=clock.now())
        messages.success(request, _("The file is canceled; it changed nothing."))
        return redirect("import_run", uid)
    return confirm(
        request,
        title=_("Cancel “%(file)s”?") % {"file": run.file_name},
        consequences=[_("It changes nothing, and can't be applied later.")],
        impossible="" if queries.can_be_canceled(run) else _("It is applied or over: it can't be canceled any more."),
        act=_("Cancel the file"),
        keep=_("Keep it"),
        keep_url=reverse("import_run", args=[uid]),
    )


@require_safe
@allow("importing.add_importrun")
def import_refused(request: SignedInRequest, uid: str) -> HttpResponse:
    """The refused rows as they were sent, each with its reason, to mend them."""
    run, out = get_object_or_404(ImportRun, uid=uid), io.StringIO()
    queries.write_refused(run, out)
    answer = HttpResponse(f"\ufeff{out.getvalue()}", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="refused-{run.kind}.csv"'
    return answer
