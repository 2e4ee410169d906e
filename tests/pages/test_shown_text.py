"""Text that nobody sees, or that turns the direction of a line, is refused by every text field of every form."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, EmailField

import cpm.urls
import derms.urls
import integration.project.urls
import lec_sim.urls
from derms.forms import ReasonForm
from integration.console.users import UserForm
from integration.importing.kinds import KINDS, kind_of
from integration.importing.values import EMAIL_OF_ASCII, Email, Fault
from integration.pages.shown_text import require_shown

OURS = ("cpm", "derms", "lec_sim", "integration", "django_filters")
SYSTEMS = (cpm.urls, derms.urls, lec_sim.urls, integration.project.urls)  # imports every form


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("\u200b", "U+200B"),
        ("Heat\u200bpeak", "U+200B"),
        ("invoice\u202egpj", "U+202E"),
        ("a\u2066b", "U+2066"),
        ("\ufeffa", "U+FEFF"),
        ("soft\u00adhyphen", "U+00AD"),
        ("\u3164", "U+3164"),
        ("\u2800", "U+2800"),
        ("pass\u200dword", "U+200D"),
        ("می\u200c خواهم", "U+200C"),
        ("line\u2028end", "U+2028"),
        ("bell\x07", "U+0007"),
        ("\U000e0041", "U+E0041"),
    ],
)
def test_what_nobody_sees_is_refused_with_its_code(text: str, code: str) -> None:
    form = ReasonForm({"reason": text})
    assert not form.is_valid()
    assert f"({code}) is invisible or changes the direction of the text. Remove it." in str(form.errors["reason"])


@pytest.mark.parametrize(
    "text",
    [
        "Störung am Zähler", "می\u200cخوریم", "क्\u200dष", "עברית", "שלום", "👩\u200d🔧 on site", "❤\ufe0f",
        "two\nlines\there", "¼ “quoted”", "電力",
    ],
)  # fmt: skip
def test_letters_of_every_script_are_taken(text: str) -> None:
    form = ReasonForm({"reason": text})
    assert form.is_valid(), form.errors


def test_the_sentence_says_where_the_character_is() -> None:
    form = ReasonForm({"reason": "ab\u202ec"})
    assert "Character 3 (U+202E)" in str(form.errors["reason"])


def test_every_text_field_of_every_form_has_the_rule() -> None:
    fields = [(form, name, field) for form in _forms() for name, field in form.base_fields.items()]
    texts = [(form, name, field) for form, name, field in fields if isinstance(field, forms.CharField)]
    assert len(texts) > 25
    without = [f"{form.__name__}.{name}" for form, name, field in texts if require_shown not in field.validators]
    assert without == []


@pytest.mark.parametrize(
    "address", ["pat@exam\u200bple.com", "pat@example\u202e.com", "pat@example.com\u200f", "a\x07@b.cc"]
)
def test_an_address_with_a_character_that_nobody_sees_is_refused(address: str) -> None:
    form = UserForm({"email": address})
    assert not form.is_valid()
    assert "email" in form.errors
    assert isinstance(Email(254).read(address), Fault)


@pytest.mark.parametrize(
    "address", ["a,b@example.com", "<pat@example.com>", "a..b@example.com", "pat@-.com", "pat@host"]
)
def test_files_and_pages_take_the_same_addresses(address: str) -> None:
    with pytest.raises(ValidationError):
        UserForm.base_fields["email"].clean(address)
    assert isinstance(Email(254).read(address), Fault)
    assert not re.match(EMAIL_OF_ASCII, address)


def test_a_mailbox_on_the_server_itself_is_an_address_of_both() -> None:
    assert UserForm.base_fields["email"].clean("pat@localhost") == "pat@localhost"
    assert Email(254).read("pat@localhost") == "pat@localhost"


def test_every_field_for_e_mail_addresses_is_one() -> None:
    models = [field for model in apps.get_models() for field in model._meta.get_fields() if _is_for_email(field.name)]
    assert len(models) > 2
    assert [
        str(field)
        for field in models
        if not isinstance(field, EmailField) and not field.is_relation and not isinstance(field, DateTimeField)
    ] == []
    on_forms = [(form, name, field) for form in _forms() for name, field in form.base_fields.items()]
    assert [
        name for _form, name, field in on_forms if _is_for_email(name) and not isinstance(field, forms.EmailField)
    ] == []
    in_files = [column for name in KINDS for column in kind_of(name).columns if _is_for_email(column.name)]
    assert in_files
    assert all(isinstance(column.type, Email) for column in in_files)


def _is_for_email(name: str) -> bool:
    return "email" in name.lower()


def _forms() -> Iterator[Any]:
    waiting: list[Any] = [forms.BaseForm]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.startswith(OURS) and hasattr(one, "base_fields"):
            yield one
