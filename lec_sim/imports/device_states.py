"""What single devices did in a stage, by a file: of head ends whose reports only tell of all their devices together.

Each row is what a report says of one device (operations/reports.py), and has the same effect.
"""

from django.utils.translation import gettext_lazy as _

from integration.importing.dates import Moment
from integration.importing.kinds import Applying, Column, Kind, Reference
from integration.importing.values import Choice, Code, Share
from integration.seam import sql
from integration.seam.nudges import tell_pages
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused
from integration.seam.sql import compose

from ..choices import Word
from ..operations.locks import lock_stage
from ..operations.reports import make_tables
from .head_ends import HEAD_END_NAMES, NO_HEAD_END

NO_STAGE = recorded("There is no stage “%(value)s”. Write it as its event and its number: DR-2026-0021/1.")
NOT_STARTED = recorded("The stage has not started. Until then a device leaves it by a report of its head end.")
HANDED_OVER = recorded("The outcomes of the stage were handed over already; nothing that comes later changes them.")
NOT_RESERVED = recorded("The stage reserved no such device behind this head end.")
NOT_REPORTED = recorded("The devices of this head end answer by themselves: it is not reached by OpenADR.")
OUTSIDE_STAGE = recorded("It is not within the stage, which runs from %(start)s to %(end)s.")
NAMES = {
    "RUNNING_CURTAILED": Word.ANSWERED, "IDLE_CURTAILED": Word.ANSWERED, "D1SP": Word.ANSWERED,
    "NORMAL": Word.NORMAL, "RUNNING_NORMAL": Word.NORMAL, "IDLE_NORMAL": Word.NORMAL, "D1ND": Word.NORMAL,
    "RUNNING_OPTED_OUT": Word.OPTED_OUT, "IDLE_OPTED_OUT": Word.OPTED_OUT, "D1IO": Word.OPTED_OUT,
    "SGD_ERROR_CONDITION": Word.ERROR, "D1ER": Word.ERROR,
}  # fmt: skip
MOST_KW = 100_000
_NAME = "t.event_number || '/' || t.stage_number"
# The latest word of each device, and what it reduced over the whole stage, if a file said so.
_CURRENT = """
SELECT DISTINCT ON (w.stage_id, w.head_end, w.nic_id)
       {name} AS stage, w.head_end, w.nic_id, w.word AS state, w.at, m.watts / -1000 AS reduction_kw
  FROM lec_sim_lecstage t JOIN lec_word w ON w.stage_id = t.id
  LEFT JOIN lec_telemetry m ON m.stage_id = w.stage_id AND m.head_end = w.head_end AND m.nic_id = w.nic_id
        AND m.measure = 'delta usage' AND m.starts_at = t.starts_at AND m.ends_at = t.ends_at
 WHERE t.started_at IS NOT NULL AND t.handed_over_at IS NULL
 ORDER BY w.stage_id, w.head_end, w.nic_id, w.at DESC
"""
_REFUSED = """
SELECT s.line, 'stage'::text, s.stage::text, {pattern}
  FROM {staged} s JOIN lec_sim_lecstage t ON {name} = s.stage WHERE {why}
"""
_NOT_RESERVED = """
SELECT s.line, 'nic_id'::text, s.nic_id::text, {pattern}
  FROM {staged} s JOIN lec_sim_lecstage t ON {name} = s.stage
  JOIN lec_sim_headendprofile p ON p.head_end = s.head_end AND p.driver = 'openadr'
 WHERE NOT EXISTS (SELECT FROM lec_reservation r
                    WHERE r.stage_id = t.id AND r.head_end = s.head_end AND r.nic_id = s.nic_id)
"""
_NO_STAGE = """
SELECT s.line, 'stage'::text, s.stage::text, replace({pattern}, '%%(value)s', s.stage)
  FROM {staged} s WHERE NOT EXISTS (SELECT FROM lec_sim_lecstage t WHERE {name} = s.stage)
"""
_NOT_REPORTED = """
SELECT s.line, 'head_end'::text, s.head_end::text, {pattern}
  FROM {staged} s JOIN lec_sim_headendprofile p ON p.head_end = s.head_end WHERE p.driver <> 'openadr'
"""
_OUTSIDE = """
SELECT s.line, 'at'::text, s.at::text, replace(replace({pattern}, '%%(start)s', t.starts_at::text),
                                               '%%(end)s', t.ends_at::text)
  FROM {staged} s JOIN lec_sim_lecstage t ON {name} = s.stage WHERE s.at < t.starts_at OR s.at >= t.ends_at
"""
_STAGES = "SELECT DISTINCT t.id FROM {changes} c JOIN lec_sim_lecstage t ON {name} = c.stage ORDER BY t.id"
# A row tells what the device did from its moment on: what was said of that before is corrected.
_CORRECTED = """
DELETE FROM lec_word w USING {changes} c, lec_sim_lecstage t
 WHERE {name} = c.stage AND w.stage_id = t.id AND w.head_end = c.head_end AND w.nic_id = c.nic_id
   AND w.at >= least(coalesce(c.at, t.starts_at), %(now)s)
"""
_WORDS = """
INSERT INTO lec_word (stage_id, head_end, nic_id, at, word, heard_at)
SELECT t.id, c.head_end, c.nic_id, least(coalesce(c.at, t.starts_at), %(now)s), c.state, %(now)s
  FROM {changes} c JOIN lec_sim_lecstage t ON {name} = c.stage
    ON CONFLICT (nic_id, head_end, at, word, stage_id) DO NOTHING
"""
_REDUCTIONS = """
INSERT INTO lec_telemetry (stage_id, head_end, nic_id, measure, starts_at, ends_at, watts, quality, heard_at)
SELECT t.id, c.head_end, c.nic_id, 'delta usage', t.starts_at, t.ends_at, -1000 * c.reduction_kw, 'OK', %(now)s
  FROM {changes} c JOIN lec_sim_lecstage t ON {name} = c.stage WHERE c.reduction_kw IS NOT NULL
    ON CONFLICT (nic_id, head_end, measure, starts_at, stage_id)
    DO UPDATE SET ends_at = EXCLUDED.ends_at, watts = EXCLUDED.watts, quality = EXCLUDED.quality,
                  heard_at = EXCLUDED.heard_at
"""


def write_states(applying: Applying) -> None:
    """Write the rows, with each stage locked: it hands its outcomes over before that, or with them.

    Raises Refused if one has handed them over meanwhile.
    """
    parts = {"changes": applying.changes, "name": compose(_NAME)}
    stages = [lock_stage(stage_id) for stage_id in sql.column(compose(_STAGES, **parts))]
    for stage in stages:
        if stage.handed_over_at:
            raise Refused(HANDED_OVER())
        make_tables(stage.pk, applying.now)
    for write in (_CORRECTED, _WORDS, _REDUCTIONS):
        sql.execute(compose(write, **parts), {"now": applying.now})
    for stage in stages:
        tell_pages(stage.event_number)


def _of_stage(text: str, why: str = "") -> str:
    return text.replace("{name}", _NAME).replace("{why}", why)


DEVICE_STATES = Kind(
    name="device_states",
    label=_("What devices did in a stage, of head ends that report sums"),
    columns=(
        Column("stage", _("Stage"), Code(30), ("event_name", "eventName", "event", "Stufe"), _("As DR-2026-0021/1.")),
        Column(
            "head_end",
            _("Head end system"),
            Code(40),
            HEAD_END_NAMES,
            _("Its code."),
            refers=Reference("lec_sim_headendprofile", "head_end", NO_HEAD_END),
        ),
        Column("nic_id", _("NIC id"), Code(40), ("resource_name", "resource", "device_id", "device", "NIC")),
        Column(
            "state",
            _("State"),
            Choice(tuple(word.value for word in Word), NAMES),
            ("operating_state", "outcome", "word", "Zustand"),
            _("Also as OPERATING_STATE has it, or the code of an outcome."),
        ),
        Column("at", _("Since"), Moment(), ("time", "since", "Zeitpunkt"), _("Empty: the start."), is_required=False),
        Column(
            "reduction_kw",
            _("Reduction, kW"),
            Share(-MOST_KW, MOST_KW),
            ("reduction", "kw", "Minderung_kW"),
            _("Mean of the stage. Empty: what was asked of the device."),
            is_required=False,
        ),
    ),
    key=("stage", "head_end", "nic_id"),
    current=compose(_CURRENT, name=compose(_NAME)),
    apply=write_states,
    refusals=(
        (_of_stage(_NO_STAGE), NO_STAGE),
        (_of_stage(_REFUSED, "t.started_at IS NULL"), NOT_STARTED),
        (_of_stage(_REFUSED, "t.handed_over_at IS NOT NULL"), HANDED_OVER),
        (_of_stage(_NOT_RESERVED), NOT_RESERVED),
        (_NOT_REPORTED, NOT_REPORTED),
        (_of_stage(_OUTSIDE), OUTSIDE_STAGE),
    ),
)
