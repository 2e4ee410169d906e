"""Help: the documents of docs/, rendered inside Gridcall, so that they fit its version and need no network."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from mimetypes import guess_type
from pathlib import Path, PurePosixPath
from posixpath import normpath

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from integration.pages.access import allow
from integration.pages.http import SignedInRequest

DOCS: Path = settings.BASE_DIR / "docs"
START = "index"
# The document about a page, by the beginning of its address; the longest that fits wins.
ABOUT_PAGES = {
    "/": START,
    "/events/": "how-to/operator",
    "/strategies/": "how-to/operator",
    "/der-groups/": "how-to/operator",
    "/forecast/": "reference/forecast",
    "/reserve/": "reference/operating-reserve",
    "/grid/": "how-to/first-utility",
    "/devices/": "reference/choosing",
    "/alerts/": "reference/alerts",
    "/program-events/": "how-to/program-manager",
    "/program-types/": "how-to/program-manager",
    "/programs/": "reference/program-rules",
    "/settlement/": "reference/settlement",
    "/customers/": "how-to/csr",
    "/enrollments/": "how-to/csr",
    "/live-energy-connect/": "reference/executor",
    "/messages/": "reference/messages",
    "/audit-trail/": "security",
    "/settings/": "how-to/administrator",
    "/settings/webhooks/": "reference/webhooks",
    "/profile/": "reference/formats",
}


@require_safe
@allow()
def help_document(request: SignedInRequest, document: str = START) -> HttpResponse:
    """One document."""
    if document not in documents():
        raise Http404(_("There is no document “%(name)s”.") % {"name": document})
    title, body = rendered(document)
    return render(request, "console/help.html", {"title": title, "body": body, "is_start": document == START})


@require_safe
@allow()
def help_picture(request: SignedInRequest, name: str) -> HttpResponse:
    """A picture of a document."""
    if name not in (found := pictures()):
        raise Http404(_("There is no picture “%(name)s”.") % {"name": name})
    return HttpResponse(found[name].read_bytes(), content_type=guess_type(name)[0])


def help_url(path: str) -> str:
    """The address of the document about a page."""
    fitting = max((start for start in ABOUT_PAGES if path.startswith(start)), key=len)
    return reverse("help", args=[ABOUT_PAGES[fitting]])


@cache
def documents() -> frozenset[str]:
    """The names of all documents: their paths in docs/ without the ending."""
    return frozenset(path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md"))


@cache
def pictures() -> dict[str, Path]:
    """The pictures of all documents, by name."""
    return {path.name: path for path in DOCS.rglob("*") if path.suffix in (".png", ".svg")}


@cache
def rendered(document: str) -> tuple[str, SafeString]:
    """The title and the HTML of a document of this installation, which therefore is safe."""
    return html_of((DOCS / f"{document}.md").read_text(), document)


def html_of(text: str, document: str) -> tuple[str, SafeString]:
    """The title and the HTML of a text of ours, whose links are those of a document."""
    parser = MarkdownIt("commonmark").enable("table")
    tokens = list(_shown(parser.parse(text)))
    title = next((t.content for before, t in pairwise(tokens) if before.tag == "h1"), document)
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            before.attrSet("id", _anchor(token.content))
    for token in tokens:
        _adapt(token, document)
    return title, SafeString(parser.renderer.render(tokens, parser.options, {}))


def _shown(tokens: list[Token]) -> Iterator[Token]:
    """Without comments, and without the directives that only the built documentation understands."""
    for token in tokens:
        is_directive = token.type == "fence" and token.info.startswith("{")
        if token.type != "html_block" and not is_directive:
            token.children = list(_shown(token.children)) if token.children else token.children
            yield token


def _adapt(token: Token, document: str) -> None:
    """Point links and pictures to Gridcall's own addresses; columns are aligned by a class, not by a style."""
    if token.type == "table_open":
        token.attrSet("tabindex", "0")  # a wide one scrolls, by keyboard too
    if token.attrGet("style"):
        token.attrs = {"class": "num"} if "right" in str(token.attrGet("style")) else {}
    if token.type == "link_open":
        token.attrs = {"href": target} if (target := _target(str(token.attrGet("href")), document)) else {}
    if token.type == "image":
        token.attrs["src"] = reverse("help_picture", args=[PurePosixPath(str(token.attrs["src"])).name])
    for child in token.children or ():
        _adapt(child, document)


def _target(link: str, document: str) -> str:
    """The address that a document's link leads to; empty if what it names is not part of the help."""
    if link.startswith(("https://", "#")):
        return link
    path, _hash, anchor = link.partition("#")
    name = normpath(PurePosixPath(document).parent / path).removesuffix(".md")
    return reverse("help", args=[name]) + (f"#{anchor}" if anchor else "") if name in documents() else ""


def _anchor(heading: str) -> str:
    """The anchor that links name, as GitHub makes it from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
