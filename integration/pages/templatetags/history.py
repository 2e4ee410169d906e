"""The tag that shows the history of an object that people set up."""

from typing import Any

from django import template

from integration.pages.object_log import object_log as changes_of

register = template.Library()


@register.inclusion_tag("partials/object_log.html")
def object_log(kind: str, **of: Any) -> dict[str, Any]:
    """The card with an object's history: `object` is its key, or `name` its name."""
    return {"log": changes_of(kind, **of)}
