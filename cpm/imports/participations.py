"""Participation in events of another system, for the customer's page; nothing of it is sent, counted or called."""

from django.utils.translation import gettext_lazy as _

from integration.importing.dates import Moment
from integration.importing.kinds import Applying, Column, Kind, Reference
from integration.importing.values import Code, Flag, Text
from integration.seam import sql
from integration.seam.filling import filling
from integration.seam.recorded import recorded
from integration.seam.sql import compose

from .customers import CUSTOMER_NAMES, NO_CUSTOMER
from .devices import HEAD_END_NAMES, NIC_NAMES
from .enrollments import NO_PROGRAM
from .programs import PROGRAM_NAMES

NO_DEVICE_EVER = recorded("There is no device “%(value)s”, and never was.")
SEVERAL_DEVICES = recorded("Devices of several head ends have this id. Name the head end in a column of its own.")
NOT_ENROLLED = recorded(
    "No enrollment of the device in the program covers this time. Bring in enrollments with their start first, or "
    "name the customer in a column of its own."
)
NOT_OVER = recorded("It is not over: only the past is brought in. Plan coming events here.")
RESERVATION_ENDS_FIRST = recorded("The reservation ends before it starts.")
PARTICIPATION_ENDS_FIRST = recorded("The participation ends before it starts.")

_CURRENT = """
SELECT h.legacy_id, p.code AS program, d.head_end, d.nic_id, c.number AS customer, h.legacy_subscription,
       h.reserved_from, h.reserved_until, h.started_at, h.ended_at, h.opted_out_ahead,
       h.outcome AS legacy_outcome, h.status
  FROM cpm_priorparticipation h JOIN cpm_program p ON p.id = h.program_id JOIN cpm_device d ON d.id = h.device_id
  JOIN cpm_customer c ON c.id = h.customer_id
"""
# Of a device that was taken out and installed again, the row of that time; of times before Gridcall, the first.
_DEVICE = """
SELECT DISTINCT ON (r.line) r.line, d.id AS device_id
  FROM {rows} r JOIN cpm_device d ON d.nic_id = r.nic_id AND (r.head_end IS NULL OR d.head_end = r.head_end)
 ORDER BY r.line, d.installed_at <= r.reserved_from DESC, coalesce(d.ended_at > r.reserved_from, true) DESC,
          abs(extract(epoch FROM d.installed_at - r.reserved_from))
"""
_ENROLLED = """
SELECT DISTINCT ON (r.line) r.line, u.customer_id
  FROM {rows} r JOIN ({device}) d USING (line)
  JOIN cpm_subscribeddevice sd ON sd.device_id = d.device_id
  JOIN cpm_subscription u ON u.id = sd.subscription_id AND u.starts_at <= r.reserved_from
   AND coalesce(u.ends_at > r.reserved_from, true)
  JOIN cpm_program p ON p.id = u.program_id AND p.code = r.program
 ORDER BY r.line, u.starts_at DESC
"""
_WRITE = """
INSERT INTO cpm_priorparticipation (legacy_id, customer_id, program_id, device_id, legacy_subscription, reserved_from,
            reserved_until, started_at, ended_at, opted_out_ahead, outcome, status)
SELECT c.legacy_id, coalesce(k.id, e.customer_id), p.id, d.device_id, coalesce(c.legacy_subscription, ''),
       c.reserved_from, c.reserved_until, c.started_at, c.ended_at, coalesce(c.opted_out_ahead, false),
       coalesce(c.legacy_outcome, ''), coalesce(c.status, '')
  FROM {changes} c JOIN cpm_program p ON p.code = c.program
  JOIN ({device}) d USING (line)
  LEFT JOIN cpm_customer k ON k.number = c.customer
  LEFT JOIN ({enrolled}) e USING (line)
 ORDER BY c.line
    ON CONFLICT (legacy_id) DO UPDATE
   SET customer_id = EXCLUDED.customer_id, program_id = EXCLUDED.program_id, device_id = EXCLUDED.device_id,
       legacy_subscription = EXCLUDED.legacy_subscription, reserved_from = EXCLUDED.reserved_from,
       reserved_until = EXCLUDED.reserved_until, started_at = EXCLUDED.started_at, ended_at = EXCLUDED.ended_at,
       opted_out_ahead = EXCLUDED.opted_out_ahead, outcome = EXCLUDED.outcome, status = EXCLUDED.status
"""
_NO_DEVICE = """
SELECT s.line, 'nic_id'::text, s.nic_id::text,
       replace({pattern}, '%%(value)s', concat_ws('/', s.head_end, s.nic_id))
  FROM {staged} s
 WHERE NOT EXISTS (SELECT FROM cpm_device d
                    WHERE d.nic_id = s.nic_id AND (s.head_end IS NULL OR d.head_end = s.head_end))
"""
_SEVERAL = """
SELECT s.line, 'nic_id'::text, s.nic_id::text, {pattern}
  FROM {staged} s JOIN cpm_device d ON d.nic_id = s.nic_id
 WHERE s.head_end IS NULL GROUP BY s.line, s.nic_id HAVING count(DISTINCT d.head_end) > 1
"""
# Rows that are here keep their customer.
_NOT_ENROLLED = """
SELECT s.line, 'reserved_from'::text, s.reserved_from::text, {pattern}
  FROM {staged} s JOIN cpm_program p ON p.code = s.program JOIN ({device}) d USING (line)
  LEFT JOIN ({enrolled}) e USING (line)
  LEFT JOIN cpm_priorparticipation h ON h.legacy_id = s.legacy_id
 WHERE s.customer IS NULL AND e.customer_id IS NULL AND h.id IS NULL
"""
_NOT_OVER = """
SELECT s.line, 'reserved_until'::text, s.reserved_until::text, {pattern} FROM {staged} s WHERE s.reserved_until > now()
"""
_RESERVATION_ENDS_FIRST = """
SELECT s.line, 'reserved_until'::text, s.reserved_until::text, {pattern}
  FROM {staged} s WHERE s.reserved_until <= s.reserved_from
"""
_PARTICIPATION_ENDS_FIRST = """
SELECT s.line, 'ended_at'::text, s.ended_at::text, {pattern} FROM {staged} s WHERE s.ended_at < s.started_at
"""


def write_participations(applying: Applying) -> None:
    device = compose(_DEVICE, rows=applying.changes)
    enrolled = compose(_ENROLLED, rows=applying.changes, device=device)
    with filling("cpm_priorparticipation", rows=applying.added):
        sql.execute(compose(_WRITE, changes=applying.changes, device=device, enrolled=enrolled))
    applying.analyze("cpm_priorparticipation")


def _over_staged(query: str) -> str:
    """A query of refusals in which `{device}` finds the device of each row, `{enrolled}` who was enrolled with it."""
    return query.replace("{enrolled}", _ENROLLED).replace("{device}", _DEVICE).replace("{rows}", "{staged}")


PARTICIPATIONS = Kind(
    name="participations",
    label=_("Participations of another system"),
    columns=(
        Column("legacy_id", _("Id in the other system"), Code(40), ("participation_id", "id", "Teilnahme_ID")),
        Column(
            "program",
            _("Program"),
            Code(40),
            PROGRAM_NAMES,
            _("Its code."),
            refers=Reference("cpm_program", "code", NO_PROGRAM),
        ),
        Column(
            "head_end",
            _("Head end system"),
            Code(40),
            HEAD_END_NAMES,
            _("If the file has none: the one that has a device of this id."),
            is_required=False,
        ),
        Column("nic_id", _("NIC id"), Code(40), NIC_NAMES, _("By which the head end system knows the device.")),
        Column(
            "customer",
            _("Customer"),
            Code(20),
            CUSTOMER_NAMES,
            _("If the file has none: who was enrolled with the device at that time."),
            is_required=False,
            refers=Reference("cpm_customer", "number", NO_CUSTOMER),
        ),
        Column(
            "legacy_subscription",
            _("Subscription in the other system"),
            Code(40),
            ("subscription_id", "subscription", "legacy_subscription_id", "Vertrag"),
            default="",
            is_required=False,
        ),
        Column(
            "reserved_from",
            _("Reserved from"),
            Moment(),
            ("reservation_start", "reservation_start_time", "reservation_from", "Reservierungsbeginn"),
        ),
        Column(
            "reserved_until",
            _("Reserved until"),
            Moment(),
            ("reservation_end", "reservation_end_time", "reservation_until", "Reservierungsende"),
        ),
        Column(
            "started_at",
            _("Participated from"),
            Moment(),
            ("participation_start", "participation_start_time", "Teilnahmebeginn"),
            is_required=False,
        ),
        Column(
            "ended_at",
            _("Participated until"),
            Moment(),
            ("participation_end", "participation_end_time", "Teilnahmeende"),
            is_required=False,
        ),
        Column(
            "opted_out_ahead",
            _("Preemptive Opt-Out"),
            Flag(),
            ("preemptive_opt_out", "pre_emptive_opt_out", "opt_out", "Vorab_abgemeldet"),
            default="f",
            is_required=False,
        ),
        Column(
            "legacy_outcome",
            _("Outcome"),
            Text(20),
            ("outcome", "participation_outcome", "outcome_code", "Ergebnis"),
            default="",
            is_required=False,
        ),
        Column(
            "status", _("Status"), Text(30), ("participation_status", "state", "Zustand"), default="", is_required=False
        ),
    ),
    key=("legacy_id",),
    current=compose(_CURRENT),
    apply=write_participations,
    refusals=(
        (_NO_DEVICE, NO_DEVICE_EVER),
        (_SEVERAL, SEVERAL_DEVICES),
        (_over_staged(_NOT_ENROLLED), NOT_ENROLLED),
        (_NOT_OVER, NOT_OVER),
        (_RESERVATION_ENDS_FIRST, RESERVATION_ENDS_FIRST),
        (_PARTICIPATION_ENDS_FIRST, PARTICIPATION_ENDS_FIRST),
    ),
)
