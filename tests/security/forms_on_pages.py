"""Forms as a browser finds them on a page: where they are sent, and what their fields contain."""

from html.parser import HTMLParser
from typing import NamedTuple


class FoundForm(NamedTuple):
    """One form: its method, address, and each field's value or, if it offers a choice, its choices."""

    method: str
    action: str
    fields: dict[str, list[str]]


class Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self, page: str, address: str) -> None:
        super().__init__()
        self.address = address
        self.found: list[FoundForm] = []
        self.open: FoundForm | None = None
        self.select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = FoundForm(given.get("method", "get").lower(), given.get("action") or self.address, {})
            self.found.append(self.open)
        elif self.open and tag in ("input", "textarea", "button") and given.get("name"):
            self.open.fields.setdefault(given["name"], []).append(given.get("value", ""))
        elif self.open and tag == "select":
            self.select = given.get("name", "")
            self.open.fields.setdefault(self.select, [])
        elif self.open and tag == "option" and self.select:
            self.open.fields[self.select].append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = ""
