"""Who may join a program, as statements over the rows of a file that aren't enrolled yet: the checks of pages.

Each is skipped whole where no program or device has what it is about, so that a file that breaks no rule costs little.
"""

from integration.importing.values import NO, YES, Fault, Layout, Reading
from integration.seam.recorded import Pattern, recorded

from ..planning import CRITICAL_CARE, OTHER_CLASS, OTHER_MODEL, OTHER_RATE, OVER
from .rule_values import PARTS

DUAL = recorded(
    "The place is in %(other)s, or an earlier row brings it there, and one of them refuses who is in two programs of "
    "type %(type)s."
)
COMPARED = recorded(
    "The place is in %(other)s, or an earlier row brings it there. A place is either in a control group, or in "
    "programs whose devices events call."
)
ANSWERS = recorded("%(program)s asks: %(limit)s. The row's answers are: %(value)s.")
NO_ANSWERS = recorded("They are no answers; write them like yes no yes, in the order of the program's questions.")
# A device that DERMS refused is not enrolled.
_NEW = """
   AND NOT EXISTS (SELECT FROM cpm_subscribeddevice sd JOIN cpm_subscription u ON u.id = sd.subscription_id
                    WHERE sd.device_id = d.id AND u.program_id = p.id AND u.ends_at IS NULL AND sd.answer <> 'Error')
"""
_DEVICES = """
  JOIN {staged} s ON s.program = p.code
  JOIN cpm_device d ON d.head_end = s.head_end AND d.nic_id = s.nic_id AND d.ended_at IS NULL
"""
_PLACES = "JOIN cpm_devicelocation l ON l.id = d.location_id"
_OVER = """
SELECT s.line, 'program'::text, s.program::text,
       replace(replace({pattern}, '%%(program)s', p.name), '%%(day)s', p.ends_on::text)
  FROM cpm_program p {devices} {places}
 WHERE EXISTS (SELECT FROM cpm_program WHERE ends_on IS NOT NULL)
   AND p.ends_on < (now() AT TIME ZONE l.time_zone)::date {new}
"""
_CLASS = """
SELECT s.line, 'nic_id'::text, s.nic_id::text,
       replace(replace(replace(replace({pattern}, '%%(device)s', d.nic_id), '%%(class)s', d.device_class),
               '%%(program)s', p.name), '%%(limit)s', array_to_string(p.eligible_classes, ', '))
  FROM cpm_program p {devices}
 WHERE EXISTS (SELECT FROM cpm_program WHERE cardinality(eligible_classes) > 0)
   AND cardinality(p.eligible_classes) > 0 AND d.device_class <> ALL (p.eligible_classes) {new}
"""
_MODEL = """
SELECT s.line, 'nic_id'::text, s.nic_id::text,
       replace(replace(replace(replace({pattern}, '%%(device)s', d.nic_id),
                               '%%(model)s', trim(d.make || ' ' || d.model)), '%%(program)s', p.name),
               '%%(limit)s', array_to_string(p.eligible_models, ', '))
  FROM cpm_program p {devices}
 WHERE EXISTS (SELECT FROM cpm_program WHERE cardinality(eligible_models) > 0) AND cardinality(p.eligible_models) > 0
   AND NOT EXISTS (SELECT FROM unnest(p.eligible_models) part
                    WHERE strpos(lower(trim(d.make || ' ' || d.model)), lower(part)) > 0) {new}
"""
_RATE = """
SELECT s.line, 'nic_id'::text, s.nic_id::text,
       replace(replace(replace({pattern}, '%%(rate)s', coalesce(nullif(l.rate, ''), '—')), '%%(program)s', p.name),
               '%%(limit)s', array_to_string(p.eligible_rates, ', '))
  FROM cpm_program p {devices} {places}
 WHERE EXISTS (SELECT FROM cpm_program WHERE cardinality(eligible_rates) > 0)
   AND cardinality(p.eligible_rates) > 0 AND l.rate <> ALL (p.eligible_rates) {new}
"""
_CRITICAL = """
SELECT s.line, 'nic_id'::text, s.nic_id::text,
       replace(replace({pattern}, '%%(device)s', d.nic_id), '%%(program)s', p.name)
  FROM cpm_program p {devices}
 WHERE EXISTS (SELECT FROM cpm_device WHERE critical_care
                UNION ALL SELECT FROM cpm_devicelocation WHERE life_support)
   AND NOT coalesce((p.rules_data ->> 'critical_care_exempt')::boolean, false)
   AND d.id IN (SELECT id FROM cpm_device WHERE critical_care
                 UNION ALL
                SELECT here.id FROM cpm_device here JOIN cpm_devicelocation l ON l.id = here.location_id
                 WHERE l.life_support) {new}
"""
_QUESTIONS = """
SELECT s.line, 'answers'::text, s.answers::text,
       replace(replace(replace({pattern}, '%%(program)s', p.name), '%%(limit)s', p.asked),
               '%%(value)s', coalesce(nullif(s.answers, ''), '—'))
  FROM (SELECT p.*, w.* FROM cpm_program p, LATERAL (
               SELECT string_agg(concat(q ->> 'text', ' ', answer), '; ' ORDER BY n) AS asked,
                      string_agg(answer, ' ' ORDER BY n) AS wanted
                 FROM jsonb_array_elements(p.questions_data) WITH ORDINALITY each (q, n),
              LATERAL (SELECT CASE WHEN (q ->> 'wanted')::boolean THEN 'yes' ELSE 'no' END AS answer) said) w
         WHERE p.questions_data <> '[]') p {devices}
 WHERE EXISTS (SELECT FROM cpm_program WHERE questions_data <> '[]') AND coalesce(s.answers, '') <> p.wanted {new}
"""
# Of two rows of a file for the same place, the later one is refused.
_BESIDE = """
SELECT DISTINCT ON (s.line) s.line, 'program'::text, s.program::text,
       replace(replace({pattern}, '%%(other)s', other.name), '%%(type)s', t.name)
  FROM cpm_program p JOIN cpm_programtype t ON t.id = p.type_id
  JOIN (cpm_program other JOIN cpm_programtype its ON its.id = other.type_id) ON {beside} {devices}
 WHERE EXISTS (SELECT FROM cpm_program p JOIN cpm_programtype t ON t.id = p.type_id,
                           cpm_program other JOIN cpm_programtype its ON its.id = other.type_id WHERE {beside})
   AND (EXISTS (SELECT FROM cpm_subscription u
                 WHERE u.program_id = other.id AND u.location_id = d.location_id AND u.ends_at IS NULL)
        OR EXISTS (SELECT FROM {staged} first
                     JOIN cpm_device there ON there.head_end = first.head_end AND there.nic_id = first.nic_id
                      AND there.ended_at IS NULL
                    WHERE first.program = other.code AND first.line < s.line
                      AND there.location_id = d.location_id)) {new}
"""


_SAME_TYPE = "t.id = its.id AND other.id <> p.id AND NOT (p.dual_participation AND other.dual_participation)"
_OPPOSITE = "(t.category, its.category) IN (('control group', 'device control'), ('device control', 'control group'))"


def _over_new_rows(query: str, beside: str = "") -> str:
    parts = {"{devices}": _DEVICES, "{places}": _PLACES, "{new}": _NEW, "{beside}": beside}
    for name, part in parts.items():
        query = query.replace(name, part)
    return query


CHECKS: tuple[tuple[str, Pattern], ...] = (
    (_over_new_rows(_OVER), OVER),
    (_over_new_rows(_CLASS), OTHER_CLASS),
    (_over_new_rows(_MODEL), OTHER_MODEL),
    (_over_new_rows(_RATE), OTHER_RATE),
    (_over_new_rows(_CRITICAL), CRITICAL_CARE),
    (_over_new_rows(_QUESTIONS), ANSWERS),
    (_over_new_rows(_BESIDE, _SAME_TYPE), DUAL),
    (_over_new_rows(_BESIDE, _OPPOSITE), COMPARED),
)


class Answers:
    """Answers to a program's questions, in their order: yes and no, with blanks between them."""

    postgres = "text"

    def reading(self, layout: Layout) -> Reading:
        return self.read

    def read(self, text: str) -> str:
        words = [word.casefold() for word in PARTS.split(text) if word]
        if any(word not in YES | NO for word in words):
            return Fault(NO_ANSWERS())
        return " ".join("yes" if word in YES else "no" for word in words)
