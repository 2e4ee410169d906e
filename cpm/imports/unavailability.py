"""Periods in which devices must not be used. Each is a message of its own, so one file changes a limited number."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from cpm.operations.unavailability import cancel_unavailability, change_unavailability, schedule_unavailability
from integration.importing.dates import Moment
from integration.importing.kinds import Applying, Column, Ending, Kind
from integration.importing.values import Code, Text
from integration.seam import sql
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused
from integration.seam.sql import compose

from .devices import HEAD_END_NAMES, NIC_NAMES
from .enrollments import NO_DEVICE, REFUSE_NO_DEVICE

NOT_AFTER = recorded("The end is not after the start.")
HAS_PASSED = recorded("The start has passed; a new period starts now or later.")
NOT_ALLOWED = recorded("No program of this device allows customer unavailability.")
OVERLAPS = recorded("The device is already unavailable in part of this period.")
TOO_MANY_PERIODS = recorded("The file would change %(count)s periods; at most %(most)s are changed by one file.")
MOST_PERIODS = 10_000

_CURRENT = """
SELECT d.head_end, d.nic_id, u.starts_at, u.ends_at, u.reason
  FROM cpm_unavailability u JOIN cpm_device d ON d.id = u.device_id WHERE u.state = 'Active' AND d.ended_at IS NULL
"""
# Periods that become shorter make room for new ones.
_CHANGED = """
SELECT u.uid, d.id, c.starts_at, c.ends_at, c.reason
  FROM {changes} c
  JOIN cpm_device d ON d.head_end = c.head_end AND d.nic_id = c.nic_id AND d.ended_at IS NULL
  LEFT JOIN cpm_unavailability u ON u.device_id = d.id AND u.starts_at = c.starts_at AND u.state = 'Active'
 ORDER BY c.outcome DESC, c.line
"""
_NOT_AFTER = "SELECT s.line, 'ends_at'::text, s.ends_at::text, {pattern} FROM {staged} s WHERE s.ends_at <= s.starts_at"
_HAS_PASSED = """
SELECT s.line, 'starts_at'::text, s.starts_at::text, {pattern}
  FROM {staged} s LEFT JOIN ({current}) t ON (t.head_end, t.nic_id, t.starts_at) = (s.head_end, s.nic_id, s.starts_at)
 WHERE s.starts_at < now() AND t.nic_id IS NULL
"""
_NOT_ALLOWED = """
SELECT s.line, 'nic_id'::text, s.nic_id::text, {pattern}
  FROM {staged} s JOIN cpm_device d ON d.head_end = s.head_end AND d.nic_id = s.nic_id AND d.ended_at IS NULL
 WHERE NOT EXISTS (SELECT FROM cpm_subscribeddevice sd JOIN cpm_subscription u ON u.id = sd.subscription_id
                     JOIN cpm_program p ON p.id = u.program_id
                    WHERE sd.device_id = d.id AND u.ends_at IS NULL AND p.allow_customer_unavailability)
"""
_OVERLAPS = """
SELECT s.line, 'starts_at'::text, s.starts_at::text, {pattern}
  FROM {staged} s
  JOIN (SELECT head_end, nic_id, starts_at, ends_at FROM {staged}
         UNION ALL
        SELECT t.head_end, t.nic_id, t.starts_at, t.ends_at
          FROM ({current}) t
         WHERE NOT EXISTS (SELECT FROM {staged} x
                            WHERE (x.head_end, x.nic_id, x.starts_at) = (t.head_end, t.nic_id, t.starts_at))) other
    ON other.head_end = s.head_end AND other.nic_id = s.nic_id AND other.starts_at <> s.starts_at
   AND other.starts_at < s.ends_at AND other.ends_at > s.starts_at
"""
_LEFT = """
SELECT u.uid
  FROM cpm_unavailability u JOIN cpm_device d ON d.id = u.device_id AND d.ended_at IS NULL
  LEFT JOIN {staged} s ON s.head_end = d.head_end AND s.nic_id = d.nic_id AND s.starts_at = u.starts_at
 WHERE u.state = 'Active' AND u.ends_at > now() AND s.line IS NULL
"""
_LEFT_SHOWN = """
SELECT concat_ws(' ', d.head_end || '/' || d.nic_id,
                 to_char(u.starts_at AT TIME ZONE l.time_zone, 'YYYY-MM-DD HH24:MI'))
  FROM {missing} JOIN cpm_unavailability u USING (uid) JOIN cpm_device d ON d.id = u.device_id
  JOIN cpm_devicelocation l ON l.id = d.location_id
 ORDER BY u.id
"""


class TooManyPeriods(Refused):
    """The file would change more periods than is plausible."""


def write_unavailability(applying: Applying) -> None:
    """Schedule and change the periods, and notify DERMS of each."""
    for uid, device, starts_at, ends_at, reason in _few(compose(_CHANGED, changes=applying.changes)):
        said = {"starts_at": starts_at, "ends_at": ends_at, "reason": reason, "by": applying.by, "now": applying.now}
        if uid:
            change_unavailability(uid=UUID(str(uid)), **said)
        else:
            schedule_unavailability(device_ids=[device], **said)


def cancel_left_periods(applying: Applying) -> int:
    """Cancel the periods to come that the file does not hold."""
    rows = _few(compose("SELECT uid FROM {left}", left=applying.changes))
    for (uid,) in rows:
        cancel_unavailability(uid=UUID(str(uid)), by=applying.by, now=applying.now)
    return len(rows)


def _few(query: sql.Sql) -> list[tuple[Any, ...]]:
    rows = sql.rows(query)
    if len(rows) > MOST_PERIODS:
        raise TooManyPeriods(TOO_MANY_PERIODS(count=f"{len(rows):,}", most=f"{MOST_PERIODS:,}"))
    return rows


UNAVAILABILITY = Kind(
    name="unavailability",
    label=_("Unavailability"),
    columns=(
        Column("head_end", _("Head end system"), Code(40), HEAD_END_NAMES, _("Its code.")),
        Column("nic_id", _("NIC id"), Code(40), NIC_NAMES, _("By which the head end system knows the device.")),
        Column("starts_at", _("From"), Moment(), ("from", "start", "start_date", "unavailable_from", "Von", "Beginn")),
        Column("ends_at", _("Until"), Moment(), ("until", "end", "end_date", "unavailable_until", "Bis", "Ende")),
        Column("reason", _("Reason"), Text(200), ("Grund", "comment"), default="", is_required=False),
    ),
    key=("head_end", "nic_id", "starts_at"),
    current=compose(_CURRENT),
    apply=write_unavailability,
    refusals=(
        (REFUSE_NO_DEVICE, NO_DEVICE),
        (_NOT_AFTER, NOT_AFTER),
        (_HAS_PASSED, HAS_PASSED),
        (_NOT_ALLOWED, NOT_ALLOWED),
        (_OVERLAPS, OVERLAPS),
    ),
    ending=Ending(_LEFT, _LEFT_SHOWN, cancel_left_periods),
    # A period that is over stays as it was.
    kept="t.ends_at <= now()",
)
