"""Qualification questions as people and files write them: the text, and the wanted answer at its end."""

import re

from .models.programs import Question

ANSWERS = {"yes": True, "ja": True, "no": False, "nein": False}
MOST_CHARACTERS = 200
_WANTED = re.compile(r"(?P<text>.*\S)\s+(?P<wanted>\w+)", re.DOTALL)


def question_of(line: str) -> Question | None:
    """The question of a line such as “Do you own the house? yes”; None if it says no answer."""
    found = _WANTED.fullmatch(line)
    wanted = ANSWERS.get(found["wanted"].casefold()) if found else None
    return None if found is None or wanted is None else Question(found["text"], wanted)


def line_of(question: Question) -> str:
    """The line that `question_of` reads."""
    return f"{question.text} {'yes' if question.wanted else 'no'}"
