"""Collects the texts that people read from code and templates, and updates the catalogues that translate them.

Babel reads Python; Django's lexer reads templates, because Django's own command needs gettext installed.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template.base import Lexer, Token, TokenType

from integration.seam.systems import System

APPS = ("integration", *(system.package for system in System))
LOCALE = Path(__file__).parents[1] / "locale"  # settings.LOCALE_PATHS
KEYWORDS = {**DEFAULT_KEYWORDS, **{f"{name}_lazy": spec for name, spec in DEFAULT_KEYWORDS.items()}, "recorded": None}
QUOTED = r"""("[^"]*"|'[^']*')"""
TRANSLATE = re.compile(rf"translate\s+{QUOTED}")
UNDERSCORE = re.compile(rf"_\({QUOTED}\)")
PLURAL = "plural"
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # fixed, so that equal texts make equal files; git knows the real dates


class Words(NamedTuple):
    """What one call to gettext looks up: a text, and its plural if it has one."""

    one: str
    many: str = ""


def words_of_project(base: Path) -> set[Words]:
    """Every text in the modules of the four packages and in the templates."""
    modules = (path for app in APPS for path in (base / app).rglob("*.py"))
    templates = (path for path in (base / "templates").rglob("*") if path.suffix in (".html", ".txt"))
    found = {words for path in modules for words in words_of_module(path)}
    return found | {words for path in templates for words in words_of_template(path.read_text())}


def words_of_module(path: Path) -> Iterator[Words]:
    with path.open("rb") as source:
        for _line, name, text, _comments in extract_python(source, KEYWORDS, [], {}):
            texts = [text] if isinstance(text, str) else [one for one in text or () if one]
            counted = str(name).startswith("ngettext")
            if texts:
                yield Words(texts[0], texts[1] if counted else "")


def words_of_template(source: str) -> Iterator[Words]:
    tokens = iter(Lexer(source).tokenize())
    for token in tokens:
        if token.token_type == TokenType.BLOCK and token.contents.startswith("blocktranslate"):
            yield _block(token, tokens)
        elif token.token_type in (TokenType.BLOCK, TokenType.VAR):
            found = TRANSLATE.match(token.contents)
            for quoted in ([found[1]] if found else []) + UNDERSCORE.findall(token.contents):
                yield Words(quoted[1:-1].replace("%", "%%"))


def _block(start: Token, tokens: Iterator[Token]) -> Words:
    """The two forms of a blocktranslate, up to its end; variables become named placeholders."""
    forms = [""]
    for token in tokens:
        if token.contents == "endblocktranslate":
            break
        if token.token_type == TokenType.TEXT:
            forms[-1] += token.contents.replace("%", "%%")
        elif token.token_type == TokenType.VAR:
            forms[-1] += f"%({token.contents})s"
        elif token.contents == PLURAL:
            forms.append("")
    if "trimmed" in start.contents.split():
        forms = [" ".join(line.strip() for line in form.strip().splitlines()) for form in forms]
    return Words(*forms)


class Catalogue:
    """The texts of one language: a .po file that people edit and the .mo file that Django reads."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.source = LOCALE / language / "LC_MESSAGES" / "django.po"
        self.compiled = self.source.with_suffix(".mo")

    def renew(self, found: set[Words]) -> list[str]:
        """Add new texts, drop removed ones, compile; return those without a translation."""
        old, new = self._read(), self._empty()
        for words in sorted(found):
            known = old.get(words.one)
            new.add(_key(words), known.string if known else "")
        self.source.parent.mkdir(parents=True, exist_ok=True)
        with self.source.open("wb") as file:
            write_po(file, new, width=120, omit_header=False, sort_output=True)
        self.compiled.write_bytes(_compiled(new))
        return [f"{self.language}: {message.id}" for message in new if message.id and not _is_translated(message)]

    def gaps(self, found: set[Words]) -> list[str]:
        """The texts that are new, gone, not translated or not compiled."""
        catalog = self._read()
        there = {_words(message) for message in catalog if message.id}
        gaps = [f"{self.language}: new: {words.one}" for words in sorted(found - there)]
        gaps += [f"{self.language}: gone: {words.one}" for words in sorted(there - found)]
        gaps += [f"{self.language}: empty: {m.id}" for m in catalog if m.id and not _is_translated(m)]
        if not self.compiled.exists() or self.compiled.read_bytes() != _compiled(catalog):
            gaps.append(f"{self.language}: {self.compiled.name} is not what {self.source.name} says")
        return gaps

    def _read(self) -> Catalog:
        if not self.source.exists():
            return self._empty()
        with self.source.open("rb") as file:
            return read_po(file, locale=self.language)

    def _empty(self) -> Catalog:
        return Catalog(
            locale=self.language,
            header_comment="# The texts of Gridcall: collected by `manage.py words`, translated by hand.",
            project="Gridcall",
            version="1",
            charset="utf-8",
            creation_date=WRITTEN,
            revision_date=WRITTEN,
            fuzzy=False,
        )


def _key(words: Words) -> str | tuple[str, str]:
    return (words.one, words.many) if words.many else words.one


def _words(message: Message) -> Words:
    return Words(message.id) if isinstance(message.id, str) else Words(*message.id)


def _is_translated(message: Message) -> bool:
    forms = [message.string] if isinstance(message.string, str) else message.string
    return all(forms or ("",)) and not message.fuzzy


def _compiled(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()
