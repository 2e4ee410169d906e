"""The front end's files: nothing inline, every icon exists, third-party files as they were published."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from integration.console.context import TOOLS
from integration.pages.badges import LOOKS
from integration.project.modules import folder_of_modules

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ICONS = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (ROOT / "static/icons.svg").read_text()))
VENDORED = re.findall(r"`((?:static|tests)/vendor/[^`]+)` \| `([0-9a-f]{64})`", (ROOT / "THIRD_PARTY.md").read_text())
# Templates that the account library refers to by name.
OWN_FOLDERS = {"console", "cpm", "derms", "lec_sim", "partials"}
# Classes that end in a value: a cell's place on phones, an outcome's fill, a state's form, a series, a filter's field.
PUT_TOGETHER = ("cell-", "fill-", "gantt-", "key-", "state-", "filter-")
# What the content security policy would refuse, or what htmx would have to evaluate.
INLINE = re.compile(
    r"""<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|\shx-on|javascript:|=["']js:""", re.IGNORECASE
)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_hold_no_inline_script_or_style(template: Path) -> None:
    assert not INLINE.search(template.read_text())


SCRIPTS = ROOT / "static" / "js"
# Scripts that import nothing: one runs before the first paint, the other only on pages with passkeys.
PLAIN = {"theme.js", "passkeys.js"}


def _imports(module: str) -> set[str]:
    """The modules that one imports, by their path below static/js."""
    path = SCRIPTS / module
    named = re.findall(r"""^import .*'(\.[^']+)';$""", path.read_text(), re.M)
    return {(path.parent / name).resolve().relative_to(SCRIPTS).as_posix() for name in named}


def test_every_module_is_imported_and_every_import_is_a_module() -> None:
    modules = {path.relative_to(SCRIPTS).as_posix() for path in SCRIPTS.rglob("*.js")} - PLAIN

    found, new = set(), {"app.js"}
    while new:
        found |= new
        new = {name for module in new for name in _imports(module)} - found
    assert found == modules


def test_a_page_runs_the_modules_of_one_version(client: Client, db: None) -> None:
    page = client.get("/account/login/").content.decode()
    (address,) = re.findall(r'<script src="([^"]+)" type="module">', page)

    assert address == f"/static/{settings.MODULES}/app.js"
    for module in ("app.js", "charts/axes.js"):
        served = client.get(address.replace("app.js", module))
        assert (served.status_code, served["Content-Type"]) == (200, 'text/javascript; charset="utf-8"')
        assert b"".join(served) == (SCRIPTS / module).read_bytes()  # type: ignore[arg-type]


def test_a_changed_module_gives_all_of_them_another_address(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / "app.js").write_text("import './charts/axes.js';")
    axes = tmp_path / "charts" / "axes.js"
    axes.write_text("export const width = 1;")
    before = folder_of_modules(tmp_path)

    assert folder_of_modules(tmp_path) == before
    axes.write_text("export const width = 2;")
    assert folder_of_modules(tmp_path) != before


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    named = {name for path in TEMPLATES for name in re.findall(r'{% icon "([^"]+)"', path.read_text())}
    named |= {look.icon for look in LOOKS.values()} | {tool.icon for tools in TOOLS.values() for tool in tools}
    assert named <= ICONS


def test_nothing_lies_there_unused() -> None:
    css = (ROOT / "static/css/app.css").read_text()
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", "", css, flags=re.DOTALL)
    classes = set(re.findall(r"\.([a-z][\w-]*)", selectors))
    templates = {path.name for path in TEMPLATES if path.relative_to(ROOT / "templates").parts[0] in OWN_FOLDERS}
    text = "\n".join(path.read_text() for path in _sources())

    assert templates - {name.strip(".") for name in re.findall(r"[\w.-]+", text)} == set()
    assert set(ICONS) - set(re.findall(r"""(?<=["'])[\w-]+(?=["'])""", text)) == set()
    written = set(re.findall(r"[\w-]+", text))
    assert {name for name in classes - written if not name.startswith(PUT_TOGETHER)} == set()


def _sources() -> Iterator[Path]:
    """Where templates, icons and classes are named."""
    for folder in ("integration", "derms", "cpm", "lec_sim", "templates", "static/js"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".html", ".txt", ".js"})


def test_every_icon_is_listed_as_third_party() -> None:
    listed = (ROOT / "THIRD_PARTY.md").read_text().split("## Icons")[1]
    assert {name for name in ICONS if not re.search(rf"\b{name}\b", listed)} == set()


def test_every_vendored_file_is_listed_with_its_hash() -> None:
    files = {
        path for folder in ("static/vendor", "tests/vendor") for path in (ROOT / folder).rglob("*") if path.is_file()
    }
    code = {str(path.relative_to(ROOT)) for path in files if not re.search("LICENSE|NOTICE", path.name)}
    assert {name for name, _ in VENDORED} == code


@pytest.mark.parametrize(("name", "published"), VENDORED)
def test_vendored_files_are_unmodified(name: str, published: str) -> None:
    assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == published


def test_colours_stand_in_the_tokens_only() -> None:
    css = (ROOT / "static/css/app.css").read_text()
    tokens = re.search(r":root \{.*?\n\}", css, re.DOTALL)
    assert tokens
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;, )])", css.replace(tokens.group(), "").replace("url(#", "url(")) == []
