"""A form for a row with a code: pages accept the codes that files may have, and no others."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from integration.seam.recorded import in_words

from .values import Code, Fault


class CodeField(forms.CharField):
    """An id as files may have it: no blanks around it, nothing that a spreadsheet has spoilt."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        code = Code(self.max_length or 0).read(text) if text else ""
        if isinstance(code, Fault):
            raise forms.ValidationError(in_words(str(code)))
        return code


class CodedForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs alone
    """A row with a code, which only a new one asks for: messages, devices and files name the row by it."""

    # What an address has in the place of a code.
    not_codes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["code"]

    def clean_code(self) -> str:
        code = Code(self._meta.model._meta.get_field("code").max_length).read(self.cleaned_data["code"])
        if isinstance(code, Fault):
            raise forms.ValidationError(in_words(str(code)))
        if code in self.not_codes:
            raise forms.ValidationError(_("“%(code)s” can't be a code. Choose another one."), params={"code": code})
        return code
