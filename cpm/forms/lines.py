"""Fields with one value per line."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cpm.models.programs import Question

from ..questions import MOST_CHARACTERS, line_of, question_of

MOST_LINES = 50
MOST_QUESTIONS = 10


class LinesField(forms.CharField):
    """Texts, one per line, each once."""

    widget = forms.Textarea(attrs={"rows": 3})

    def __init__(self, most_characters: int, *, most_lines: int = MOST_LINES, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.most_characters, self.most_lines = most_characters, most_lines

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        self.run_validators(str(value or ""))  # as of every text; later they would see a list
        lines = list(dict.fromkeys(filter(None, map(str.strip, str(value or "").splitlines()))))
        if len(lines) > self.most_lines:
            raise forms.ValidationError(
                _("There are %(count)s lines; at most %(most)s are kept."),
                params={"count": len(lines), "most": self.most_lines},
            )
        for line in lines:
            if len(line) > self.most_characters:
                raise forms.ValidationError(
                    _("“%(line)s” has %(count)s characters; at most %(most)s are kept."),
                    params={"line": line[:40], "count": len(line), "most": self.most_characters},
                )
        return lines


class QuestionsField(LinesField):
    """Questions, one per line, each with the wanted answer at its end."""

    def __init__(self, **options: Any) -> None:
        super().__init__(MOST_CHARACTERS, most_lines=MOST_QUESTIONS, **options)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(map(line_of, value))
        return value

    def to_python(self, value: Any) -> Any:
        questions = [_question(line) for line in super().to_python(value)]
        texts = [one.text for one in questions]
        if twice := next((text for text in texts if texts.count(text) > 1), None):
            raise forms.ValidationError(_("“%(question)s” is asked twice."), params={"question": twice})
        return questions


def _question(line: str) -> Question:
    question = question_of(line)
    if question is None:
        raise forms.ValidationError(
            _("“%(line)s” says no answer. Write the one that is wanted at its end, yes or no."), params={"line": line}
        )
    return question
