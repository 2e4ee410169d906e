"""The columns of the lists of imports."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from integration.importing.kinds import KINDS, kind_of
from integration.importing.models import ImportRun, RefusedCell
from integration.pages.columns import Column, Columns, link
from integration.pages.templatetags.gridcall import badge, number, when
from integration.seam.recorded import in_words


def kind_label(run: ImportRun) -> str:
    return str(kind_of(run.kind).label) if run.kind in KINDS else run.kind


def _columns_of(cell: RefusedCell) -> str:
    """The columns that a refusal names, as people read them."""
    if cell.run.kind not in KINDS:
        return cell.column
    labels = {column.name: column.label for column in kind_of(cell.run.kind).columns}
    return ", ".join(str(labels.get(name, name)) for name in cell.column.split(", "))


RUNS = Columns[ImportRun](
    "console/imports/list.html",
    Column(_("File"), lambda run: link(reverse("import_run", args=[run.uid]), run.file_name), phone="title"),
    Column(_("Kind"), kind_label),
    Column(_("State"), lambda run: badge(run.state), phone="side"),
    Column(_("By"), lambda run: run.by),
    Column(_("Received"), lambda run: when(run.received_at)),
    Column(_("Rows"), lambda run: number(run.rows_read), css="num"),
    Column(_("Added"), lambda run: number(run.added), css="num"),
    Column(_("Changed"), lambda run: number(run.changed), css="num"),
    Column(_("Refused"), lambda run: number(run.refused), css="num"),
)
REFUSED_CELLS = Columns[RefusedCell](
    "console/imports/run.html",
    Column(_("Line"), lambda cell: cell.line, css="num", phone="title"),
    Column(_("Column"), lambda cell: _columns_of(cell) or None),
    Column(_("Value"), lambda cell: cell.value or None),
    Column(_("Why"), lambda cell: in_words(cell.reason), phone=""),
)
SAMPLES = Columns[Any](
    "console/imports/run.html",
    Column(_("Line"), lambda row: row["line"], css="num", phone="title"),
    Column(_("Key"), lambda row: row["key"]),
    Column(_("Old and new"), "differs", phone=""),
)
