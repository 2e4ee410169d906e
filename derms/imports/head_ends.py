"""Head end systems: their codes and names."""

from django.utils.translation import gettext_lazy as _

from derms.operations.grid_sync import send_head_ends
from integration.importing.kinds import Applying, Column, Kind
from integration.importing.values import Code, Text
from integration.importing.versions import write_versions
from integration.seam.sql import compose

HEAD_END_NAMES = (
    "head_end_code",
    "head_end_system",
    "headend",
    "hes",
    "aggregator",
    "Kopfstelle",
    "Kopfsystem",
    "Vorsystem",
)
_CURRENT = "SELECT code AS head_end, name FROM derms_headend"
_WRITE = """
INSERT INTO derms_headend (code, name, {unsaved})
SELECT head_end, name, {nobody} FROM {changes} ORDER BY line
    ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, {next_version}
"""


def write_head_ends(applying: Applying) -> None:
    if write_versions(_WRITE, "derms_headend", applying):
        send_head_ends()


HEAD_ENDS = Kind(
    name="head_ends",
    label=_("Head end systems"),
    columns=(
        Column("head_end", _("Head end system"), Code(40), HEAD_END_NAMES, _("Its code, as devices name it.")),
        Column("name", _("Name"), Text(80), ("head_end_name", "Bezeichnung")),
    ),
    key=("head_end",),
    current=compose(_CURRENT),
    apply=write_head_ends,
    repeats=True,
)
