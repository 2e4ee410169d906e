"""How all forms are rendered."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting

CSS_CLASSES: tuple[tuple[tuple[type[forms.Widget], ...], str], ...] = (
    ((forms.CheckboxInput, forms.CheckboxSelectMultiple, forms.RadioSelect), "form-check-input"),
    ((forms.Select,), "form-select"),
    ((forms.widgets.Input, forms.Textarea), "form-control"),
)


def css_class(widget: forms.Widget) -> str:
    """The stylesheet's class for a widget; empty for a widget made of several inputs."""
    return next((name for widgets, name in CSS_CLASSES if isinstance(widget, widgets)), "")


class BoundField(forms.BoundField):
    """A field whose widget has the stylesheet's class."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        built = super().build_widget_attrs(attrs, widget)
        classes = [widget.attrs.get("class", ""), css_class(widget), "is-invalid" if self.errors else ""]
        return built | {"class": " ".join(filter(None, classes))}


class Renderer(TemplatesSetting):
    """Renders each field with our own template; Django adds aria-invalid and aria-describedby itself."""

    field_template_name = "forms/field.html"
    bound_field_class = BoundField
