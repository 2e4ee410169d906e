"""Edit pages as a browser uses them: the form is sent with the version that the page was opened on."""

from typing import Any

from django.test import Client

from tests.pages.html import html_of
from tests.security.forms_on_pages import Forms

CARRIED = ("version", "opened")


def opened(client: Client, address: str) -> dict[str, str]:
    """The hidden fields of an edit page that name the version, as it is now."""
    forms = Forms(html_of(client.get(address)), address).found
    return {name: form.fields[name][0] for form in forms for name in CARRIED if name in form.fields}


def save(client: Client, address: str, fields: dict[str, Any]) -> Any:
    """Open an edit page and send its form with these fields."""
    return client.post(address, {**opened(client, address), **fields})
