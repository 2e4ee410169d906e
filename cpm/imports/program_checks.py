"""What pages refuse of a program or a program type, as statements over the rows of a file."""

from integration.seam.program_rules import BOTH_OR_NONE
from integration.seam.recorded import Pattern, recorded

ORDER = recorded("The last day, %(last)s, is before the first, %(first)s.")
OTHER_TYPE = recorded(
    "The program is of type “%(value)s”, whose opt-out parameters its customers were promised. Make a new program."
)
OTHER_CATEGORY = recorded(
    "The type has programs of category “%(value)s”, which decides whether events call their devices. Make a new type."
)
# A column that the file lacks stays as it is.
_VALUE = "CASE WHEN '{name}' = ANY ({has}) THEN s.{name} ELSE t.{name} END AS {name}"
_ROWS = "SELECT s.line, {first}, {last} FROM {staged} s LEFT JOIN ({current}) t ON t.program = s.program"
_ORDER = """
SELECT line, 'ends_on'::text, ends_on::text,
       replace(replace({pattern}, '%%(last)s', ends_on::text), '%%(first)s', starts_on::text)
  FROM ({rows}) both_days WHERE ends_on < starts_on
"""
_ALONE = """
SELECT line, CASE WHEN coalesce({first}, '') = '' THEN '{first}' ELSE '{last}' END, ''::text, {pattern}
  FROM ({rows}) pair WHERE (coalesce({first}, '') = '') <> (coalesce({last}, '') = '')
"""
_OTHER_TYPE = """
SELECT s.line, 'type'::text, s.type::text, replace({pattern}, '%%(value)s', t.type)
  FROM {staged} s JOIN ({current}) t ON t.program = s.program AND t.type <> s.type
"""
_OTHER_CATEGORY = """
SELECT s.line, 'category'::text, s.category::text, replace({pattern}, '%%(value)s', t.category)
  FROM {staged} s JOIN ({current}) t ON t.type = s.type AND t.category <> s.category
 WHERE EXISTS (SELECT FROM cpm_program p JOIN cpm_programtype of_type ON of_type.id = p.type_id
                WHERE of_type.code = s.type)
"""


def _over_pair(query: str, first: str, last: str) -> str:
    """A query over both values of each program, as they would be once the file is applied."""
    rows = _ROWS.replace("{first}", _VALUE.replace("{name}", first)).replace("{last}", _VALUE.replace("{name}", last))
    return query.replace("{rows}", rows).replace("{first}", first).replace("{last}", last)


OF_PROGRAMS: tuple[tuple[str, Pattern], ...] = (
    (_OTHER_TYPE, OTHER_TYPE),
    (_over_pair(_ORDER, "starts_on", "ends_on"), ORDER),
    *((_over_pair(_ALONE, first, last), recorded(sentence)) for first, last, sentence in BOTH_OR_NONE),
)
OF_TYPES = ((_OTHER_CATEGORY, OTHER_CATEGORY),)
