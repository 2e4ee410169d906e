"""The console's part of the API: files are sent, checked, applied; forecasts and metered load come this way."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from integration.importing import operations, queries
from integration.importing.choices import RunState
from integration.importing.kinds import KINDS, kind_of
from integration.importing.models import ImportRun, RefusedCell
from integration.importing.recognising import Recognised
from integration.importing.refusals import FileRefused
from integration.pages.api import Resource, allow_call
from integration.pages.api_writes import FILE, acts, changed, checked, done, made
from integration.pages.columns import Column, Columns
from integration.pages.filters import no_such_value
from integration.pages.http import SignedInRequest
from integration.pages.problems import FieldError, FieldsRefused
from integration.seam import clock
from integration.seam.recorded import in_words

from .forms import ApplyForm, CheckForm, FileForm

router = Router()
PERMISSION = "importing.add_importrun"


class RunRow(Schema):
    """A file on its way in."""

    uid: UUID = Field(description="Its uid.")
    file: str = Field(description="The file's name.")
    kind: str = Field(description="What it holds.", json_schema_extra={"enum": list(KINDS)})
    state: RunState = Field(description="Checked: its dry run is done; Applied, Refused, Canceled: it is over.")
    by: str = Field(description="Who sent it; nobody else can go on with it.")
    received: datetime = Field(description="When it was sent, or checked again.")
    checked: datetime | None = Field(description="When its dry run was done; it can be applied within 24 hours.")
    ended: datetime | None = Field(description="When it was over.")
    rows: int = Field(description="Rows that it has.")
    added: int = Field(description="Rows that are added.")
    changed: int = Field(description="Rows that are changed.")
    unchanged: int = Field(description="Rows that are there already.")
    refused: int = Field(description="Rows that are refused.")
    missing: int = Field(description="Rows that are there and that the file does not hold.")
    suspicions: list[str] = Field(description="What looks wrong in the file as a whole; it refuses nothing.")
    why: str = Field(description="Why it was refused or canceled; else empty.")


class CellRow(Schema):
    """A row of a file that is refused: its first fault."""

    line: int = Field(description="The row's line in the file.")
    column: str = Field(description="The column; empty: the whole row.")
    value: str = Field(description="What stands there.")
    why: str = Field(description="Why it is refused.")


class SentFile(Schema):
    """What is said of a file."""

    kind: str = Field(description="What it holds.", json_schema_extra={"enum": list(KINDS)})
    day_order: Literal["", "dmy", "mdy"] = Field("", description="The order in dates with slashes; empty: recognised.")


class Reading(Schema):
    """How a file is read, where that differs from what was recognised."""

    columns: dict[str, str] = Field({}, description="The heading of a column, by the column's name; empty: none.")
    layout: dict[str, str] = Field({}, description="Any of encoding, separator, decimal, sheet, day_order, time_zone.")


class Applied(Schema):
    """What of a file is applied."""

    only_good_rows: bool = Field(False, description="Apply the good rows although others are refused.")
    ends_missing: bool = Field(False, description="The file is the whole truth: end what it no longer holds.")


RUN = Resource[ImportRun](
    RunRow,
    Columns(
        "",
        Column("UID", value=lambda run: run.uid),
        Column("File", value=lambda run: run.file_name),
        Column("Kind", value=lambda run: run.kind),
        Column("State", value=lambda run: run.state),
        Column("By", value=lambda run: run.by),
        Column("Received", value=lambda run: run.received_at),
        Column("Checked", value=lambda run: run.checked_at),
        Column("Ended", value=lambda run: run.ended_at),
        Column("Rows", value=lambda run: run.rows_read),
        Column("Added", value=lambda run: run.added),
        Column("Changed", value=lambda run: run.changed),
        Column("Unchanged", value=lambda run: run.unchanged),
        Column("Refused", value=lambda run: run.refused),
        Column("Missing", value=lambda run: run.missing),
        Column("Suspicions", value=lambda run: [in_words(one) for one in run.suspicions]),
        Column("Why", value=lambda run: in_words(run.why)),
    ),
)
CELL = Resource[RefusedCell](
    CellRow,
    Columns(
        "",
        Column("Line", value=lambda cell: cell.line),
        Column("Column", value=lambda cell: cell.column),
        Column("Value", value=lambda cell: cell.value),
        Column("Why", value=lambda cell: in_words(cell.reason)),
    ),
)


@router.get("/imports", summary="Files that were sent, the newest first", **RUN.listed)
@allow_call(PERMISSION, is_list=True)
def imports(request: SignedInRequest) -> Any:
    return RUN.page_or_file(request, queries.runs(), ("-id",))


@router.post("/imports", **made("Send a file"))
@acts(PERMISSION, takes=FILE)
def send_file(
    request: SignedInRequest,
    said: Form[SentFile],
    file: UploadedFile = File(..., description="The file, at most 2 MB."),  # type: ignore[type-arg]  # noqa: B008  (as django-ninja has it)
) -> Any:
    """CSV, Excel (.xlsx), Parquet or Green Button. Nothing is changed before it is checked and applied."""
    form = checked(FileForm(request.POST, request.FILES))
    given = {"day_order": said.day_order} if said.day_order else {}
    by, now, sent = request.user.get_username(), clock.now(), form.cleaned_data["file"]
    try:
        run = operations.receive_file(kind=said.kind, file=sent.file, name=sent.name, by=by, now=now, given=given)
    except FileRefused as refused:
        raise FieldsRefused([FieldError("file", in_words(str(refused)))]) from refused
    return done(f"imports/{run.uid}")


@router.get("/imports/{uid}", summary="One file: its state, and what it would change or has changed", **RUN.single)
@allow_call(PERMISSION)
def one_import(request: SignedInRequest, uid: UUID) -> Any:
    return RUN.row(request.user, get_object_or_404(ImportRun, uid=uid))


@router.get("/imports/{uid}/refused", summary="The rows of a file that are refused, by line", **CELL.listed)
@allow_call(PERMISSION, is_list=True)
def refused_rows(request: SignedInRequest, uid: UUID) -> Any:
    return CELL.page_or_file(request, get_object_or_404(ImportRun, uid=uid).refused_cells.all(), ("line", "id"))


@router.post("/imports/{uid}/check", **changed("Have the dry run of a file made"))
@acts(PERMISSION)
def check_import(request: SignedInRequest, uid: UUID, reading: Reading) -> Any:
    """It is made soon after: ask for the file until its state is Checked or Refused."""
    run = get_object_or_404(ImportRun, uid=uid)
    kind, found = kind_of(run.kind), Recognised(**run.recognised)
    first = CheckForm(None, kind=kind, found=found)
    typed = {name: field.initial for name, field in first.fields.items() if field.initial is not None}
    said = reading.layout | {f"column_{name}": heading for name, heading in reading.columns.items()}
    if unknown := said.keys() - first.fields.keys():
        raise FieldsRefused(
            [FieldError(_place(name), no_such_value(name, sorted(first.fields))) for name in sorted(unknown)]
        )
    form = CheckForm(typed | said, kind=kind, found=found)
    checked(form, names={name: _place(name) for name in form.fields})
    by, now = request.user.get_username(), clock.now()
    operations.check_file(uid=uid, by_hand=form.by_hand(), layout=form.layout(), by=by, now=now)
    return done(f"imports/{uid}")


@router.post("/imports/{uid}/apply", **changed("Apply a file that was checked"))
@acts(PERMISSION)
def apply_import(request: SignedInRequest, uid: UUID, applied: Applied) -> Any:
    """All of it or nothing, soon after: ask for the file until its state is Applied or Refused."""
    run = get_object_or_404(ImportRun, uid=uid)
    has = {"has_refused": run.refused > 0, "has_missing": run.missing > 0}
    said = checked(ApplyForm(applied.model_dump(), **has)).cleaned_data
    wanted = {name: said.get(name, False) for name in ("only_good_rows", "ends_missing")}
    operations.apply_file(uid=uid, **wanted, by=request.user.get_username(), now=clock.now())
    return done(f"imports/{uid}")


@router.post("/imports/{uid}/cancel", **changed("Cancel a file that is not being applied"))
@acts(PERMISSION)
def cancel_import(request: SignedInRequest, uid: UUID) -> Any:
    get_object_or_404(ImportRun, uid=uid)
    operations.cancel_run(uid=uid, by=request.user.get_username(), now=clock.now())
    return done(f"imports/{uid}")


def _place(name: str) -> str:
    """The place of a field of the page's form in what was sent."""
    prefix = "column_"
    return f"columns.{name.removeprefix(prefix)}" if name.startswith(prefix) else f"layout.{name}"
