"""Devices in programs; DERMS learns of new ones by one file per program, and answers for each device."""

from django.utils.translation import gettext_lazy as _

from cpm.models.programs import Program
from cpm.operations.enrollment import end_enrollment, send_enrollment_load
from integration.importing.dates import Moment
from integration.importing.kinds import Applying, Column, Ending, Kind, Locks, Reference
from integration.importing.values import Code
from integration.seam import sql
from integration.seam.filling import filling
from integration.seam.recorded import recorded
from integration.seam.refusals import Refused
from integration.seam.sql import compose

from .devices import HEAD_END_NAMES, NIC_NAMES
from .enrollment_checks import CHECKS, Answers
from .programs import PROGRAM_NAMES

NO_PROGRAM = recorded("There is no program “%(value)s”. Near it: %(near)s.")
NO_DEVICE = recorded("There is no installed device %(value)s.")
INACTIVE = recorded("Program “%(value)s” is inactive.")
TOO_MANY_ENDED = recorded("The file would end %(count)s enrollments; at most %(most)s are ended by one file.")
MOST_ENDED = 10_000  # households; each is a message of its own

# A device that DERMS refused is not enrolled: the next file that has it sends it again.
_CURRENT = """
SELECT p.code AS program, d.head_end, d.nic_id, u.starts_at, ''::text AS answers
  FROM cpm_subscribeddevice sd JOIN cpm_subscription u ON u.id = sd.subscription_id
  JOIN cpm_program p ON p.id = u.program_id JOIN cpm_device d ON d.id = sd.device_id
 WHERE u.ends_at IS NULL AND d.ended_at IS NULL AND sd.answer <> 'Error'
"""
# What the rows name, found once for all that follows.
_ENROLLING = """
CREATE TEMPORARY TABLE cpm_enrolling ON COMMIT DROP AS
SELECT p.id AS program_id, l.id AS location_id, l.customer_id, d.id AS device_id, c.starts_at
  FROM {changes} c
  JOIN cpm_device d ON d.head_end = c.head_end AND d.nic_id = c.nic_id AND d.ended_at IS NULL
  JOIN cpm_devicelocation l ON l.id = d.location_id
  JOIN cpm_program p ON p.code = c.program
"""
# Whose answers are not the wanted ones is refused.
_SUBSCRIBE = """
INSERT INTO cpm_subscription (customer_id, program_id, location_id, starts_at, answers)
SELECT e.customer_id, e.program_id, e.location_id, coalesce(e.starts_at, %(now)s), a.answers
  FROM (SELECT customer_id, program_id, location_id, min(starts_at) AS starts_at
          FROM cpm_enrolling GROUP BY customer_id, program_id, location_id) e
  LEFT JOIN (SELECT p.id,
                    jsonb_agg(jsonb_build_object('text', q -> 'text', 'answer', q -> 'wanted') ORDER BY n) AS answers
               FROM cpm_program p, jsonb_array_elements(p.questions_data) WITH ORDINALITY each (q, n)
              GROUP BY p.id) a ON a.id = e.program_id
 WHERE NOT EXISTS (SELECT FROM cpm_subscription open
                    WHERE open.program_id = e.program_id AND open.location_id = e.location_id AND open.ends_at IS NULL)
 ORDER BY e.location_id
    {unless_there}
"""
_SEND_AGAIN = """
UPDATE cpm_subscribeddevice sd SET answer = 'Pending', error = ''
  FROM cpm_enrolling e
  JOIN cpm_subscription u ON u.program_id = e.program_id AND u.location_id = e.location_id AND u.ends_at IS NULL
 WHERE sd.subscription_id = u.id AND sd.device_id = e.device_id
"""
_ADD_DEVICES = """
INSERT INTO cpm_subscribeddevice (subscription_id, device_id, answer, error)
SELECT u.id, e.device_id, 'Pending', ''
  FROM cpm_enrolling e
  JOIN cpm_subscription u ON u.program_id = e.program_id AND u.location_id = e.location_id AND u.ends_at IS NULL
 WHERE NOT EXISTS (SELECT FROM cpm_subscribeddevice sd WHERE sd.subscription_id = u.id AND sd.device_id = e.device_id)
 ORDER BY e.device_id
    {unless_there}
"""
_PLACES = """
SELECT d.location_id
  FROM {changes} c JOIN cpm_device d ON d.head_end = c.head_end AND d.nic_id = c.nic_id AND d.ended_at IS NULL
"""
# Whoever unenrolled them meanwhile was first.
_LOCK_LEFT = """
SELECT id FROM cpm_devicelocation
 WHERE id IN (SELECT u.location_id FROM cpm_subscription u JOIN {left} l ON l.subscription = u.id)
 ORDER BY id FOR NO KEY UPDATE
"""
_STILL_OPEN = """
SELECT u.id FROM {left} l JOIN cpm_subscription u ON u.id = l.subscription WHERE u.ends_at IS NULL ORDER BY 1
"""
REFUSE_NO_DEVICE = """
SELECT s.line, 'nic_id'::text, s.nic_id::text, replace({pattern}, '%%(value)s', s.head_end || '/' || s.nic_id)
  FROM {staged} s
 WHERE NOT EXISTS (SELECT FROM cpm_device d
                    WHERE d.head_end = s.head_end AND d.nic_id = s.nic_id AND d.ended_at IS NULL)
"""
_INACTIVE = """
SELECT s.line, 'program'::text, s.program::text, replace({pattern}, '%%(value)s', s.program)
  FROM {staged} s JOIN cpm_program p ON p.code = s.program AND NOT p.active
"""
_LEFT = """
SELECT u.id AS subscription
  FROM cpm_subscription u
  JOIN cpm_subscribeddevice sd ON sd.subscription_id = u.id
  JOIN cpm_device d ON d.id = sd.device_id AND d.ended_at IS NULL
  JOIN cpm_program p ON p.id = u.program_id
  LEFT JOIN {staged} s ON s.program = p.code AND s.head_end = d.head_end AND s.nic_id = d.nic_id
 WHERE u.ends_at IS NULL GROUP BY u.id HAVING count(s.line) = 0
"""
_LEFT_SHOWN = """
SELECT concat_ws(', ', p.code, c.number, nullif(l.service_point, ''))
  FROM {missing} JOIN cpm_subscription u ON u.id = missing.subscription
  JOIN cpm_customer c ON c.id = u.customer_id JOIN cpm_program p ON p.id = u.program_id
  JOIN cpm_devicelocation l ON l.id = u.location_id
 ORDER BY u.id
"""


class TooManyEnded(Refused):
    """The file would end more enrollments than is plausible."""


def write_enrollments(applying: Applying) -> None:
    """Subscribe the devices, and send DERMS the new ones of each program."""
    sql.execute("DROP TABLE IF EXISTS cpm_enrolling")
    sql.in_parallel(compose(_ENROLLING, changes=applying.changes))
    sql.analyze("cpm_enrolling")
    with filling("cpm_subscription", "cpm_subscribeddevice", rows=applying.added) as unless_there:
        sql.execute(compose(_SUBSCRIBE, unless_there=unless_there), {"now": applying.now})
        sql.analyze("cpm_subscription")
        sql.execute(_SEND_AGAIN)
        sql.execute(compose(_ADD_DEVICES, unless_there=unless_there))
    sql.analyze("cpm_subscribeddevice")
    codes = sql.column(compose("SELECT DISTINCT program FROM {changes}", changes=applying.changes))
    for program in Program.objects.filter(code__in=codes).order_by("code"):
        send_enrollment_load(program_id=program.pk)


def end_left_enrollments(applying: Applying) -> int:
    """End the subscriptions none of whose devices is in the file, and notify DERMS of each device."""
    count = sql.value(compose("SELECT count(*) FROM {left}", left=applying.changes))
    if count > MOST_ENDED:
        raise TooManyEnded(TOO_MANY_ENDED(count=f"{count:,}", most=f"{MOST_ENDED:,}"))
    sql.column(compose(_LOCK_LEFT, left=applying.changes))
    ids = sql.column(compose(_STILL_OPEN, left=applying.changes))
    for subscription_id in ids:
        end_enrollment(subscription_id=subscription_id, now=applying.now)
    return len(ids)


ENROLLMENTS = Kind(
    name="enrollments",
    label=_("Enrollments"),
    columns=(
        Column(
            "program",
            _("Program"),
            Code(40),
            PROGRAM_NAMES,
            _("Its code."),
            refers=Reference("cpm_program", "code", NO_PROGRAM),
        ),
        Column("head_end", _("Head end system"), Code(40), HEAD_END_NAMES, _("Its code.")),
        Column("nic_id", _("NIC id"), Code(40), NIC_NAMES, _("By which the head end system knows the device.")),
        Column(
            "starts_at",
            _("Starts"),
            Moment(),
            ("start", "start_date", "enrolled_at", "Beginn", "Beginndatum"),
            _("If the file has none: now."),
            may_lack=True,
        ),
        Column(
            "answers",
            _("Answers"),
            Answers(),
            ("qualification_answers", "Antworten"),
            _("To the program's questions, in their order: yes no yes."),
            default="",
            is_required=False,
        ),
    ),
    key=("program", "head_end", "nic_id"),
    current=compose(_CURRENT),
    apply=write_enrollments,
    locks=Locks("cpm_devicelocation", _PLACES),
    refusals=((REFUSE_NO_DEVICE, NO_DEVICE), (_INACTIVE, INACTIVE), *CHECKS),
    ending=Ending(_LEFT, _LEFT_SHOWN, end_left_enrollments),
    compared=(),
)
