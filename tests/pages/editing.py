"""Edit pages as a browser uses them: a form is sent with all that its page contains, the version as well."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client

Fields = dict[str, list[str]]
CARRIED = ("version", "opened")


class SentForms(HTMLParser):
    """What a browser sends of each form of a page that posts to the page itself, and which fields a person sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Fields] = []
        self.seen: list[set[str]] = []  # by form
        self.form: Fields | None = None
        self.select, self.is_multiple, self.text = "", False, ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._open(given)
        elif self.form is None:
            return
        elif tag == "option" and self.select:
            self._option(given)
        elif tag in ("input", "select", "textarea") and name:
            if given.get("type") != "hidden":
                self.seen[-1].add(name)
            self._field(tag, name, given)

    def _open(self, given: dict[str, str]) -> None:
        if given.get("method", "get") == "post" and not given.get("action"):
            self.form = {}
            self.found.append(self.form)
            self.seen.append(set())

    def _field(self, tag: str, name: str, given: dict[str, str]) -> None:
        assert self.form is not None
        if tag == "select":
            self.select, self.is_multiple = name, "multiple" in given
            self.form.setdefault(name, [])
        elif tag == "textarea":
            self.text = name
            self.form[name] = [""]
        elif given.get("type") not in ("checkbox", "radio"):
            self.form.setdefault(name, []).append(given.get("value", ""))
        elif "checked" in given:
            self.form.setdefault(name, []).append(given.get("value", "on"))

    def _option(self, given: dict[str, str]) -> None:
        assert self.form is not None
        if "selected" in given or (not self.is_multiple and not self.form[self.select]):
            chosen = [given.get("value", "")]
            self.form[self.select] = self.form[self.select] + chosen if self.is_multiple else chosen

    def handle_data(self, data: str) -> None:
        if self.form is not None and self.text:
            self.form[self.text] = [self.form[self.text][0] + data.removeprefix("\n")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.text = ""


class Tab:
    """A tab of a browser with an edit page."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address
        self._show(client.get(address))

    def _show(self, answer: Any) -> None:
        page = answer.content.decode()
        self.page, self.form = page, next((one for one in SentForms(page).found if "version" in one), {})

    def send(self, changes: dict[str, Any]) -> int:
        """Change some fields and press the button; returns the status."""
        answer = self.client.post(self.address, {**self.form, **changes})
        self._show(answer)
        return int(answer.status_code)


def opened(client: Client, address: str) -> Fields:
    """The hidden fields of an edit page that name its version."""
    form = Tab(client, address).form
    return {name: form[name] for name in CARRIED if name in form}


def save(client: Client, address: str, fields: dict[str, Any]) -> Any:
    """Open an edit page and send exactly these fields with the page's version."""
    return client.post(address, {**opened(client, address), **fields})
