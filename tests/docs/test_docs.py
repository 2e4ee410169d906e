"""The documentation agrees with the code: both contain the same names."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from derms.actions import ACTIONS
from integration.console.roles import ROLES
from integration.engines.state import PROJECT
from integration.project.reference import outdated
from integration.seam.messages import COLUMNS, CONTRACTS
from integration.seam.routes import DUE, EVERY

README, MAKEFILE = PROJECT / "README.md", PROJECT / "Makefile"
REFERENCE = PROJECT / "docs" / "reference"
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("integration/**/*.md")])


def table(page: Path, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, as lists of cells."""
    below = page.read_text().split(f"\n## {heading}\n", 1)[1]
    rows = re.search(r"(?:^\|.*\n)+", below, re.M)
    assert rows, f"{page.name} has no table below “{heading}”"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.group().splitlines()[2:]]


def first_cells(page: Path, heading: str) -> list[str]:
    """The names in backticks in the first column of the first table below a heading."""
    return [name for row in table(page, heading) for name in re.findall(r"`(\w+)`", row[0]) or [row[0]]]


def test_settings_and_their_page_name_the_same_variables() -> None:
    settings = "".join(page.read_text() for page in (PROJECT / "integration" / "project").glob("*settings.py"))
    read = re.findall(r'(?:env_\w+\(|environ\.get\(|environ\[)\s*"([A-Z_]+)"', settings)
    assert set(read) == set(first_cells(REFERENCE / "settings.md", "Read by the settings"))


@pytest.mark.parametrize(
    ("page", "heading"),
    [(README, "Messages"), (REFERENCE / "messages.md", "Who receives what")],
    ids=["readme", "reference"],
)
def test_the_tables_list_every_message_and_no_other(page: Path, heading: str) -> None:
    assert sorted(first_cells(page, heading)) == sorted(CONTRACTS)


def test_states_say_who_takes_each_action_from_which_state() -> None:
    rows = table(REFERENCE / "states.md", "Event")
    for action in ACTIONS.values():
        if action.is_step:
            (row,) = [row for row in rows if f"`{action.operation.__name__}`" in row[5]]
            first, last = action.states[0], action.states[-1]
            assert row[0] == (f"{first} to {last}" if len(action.states) > 2 else ", ".join(action.states))
            assert row[2].casefold() in [name.removeprefix("DERMS ").casefold() for name in roles_of(action.permission)]


def roles_of(permission: str) -> list[str]:
    return [name for name, permissions in ROLES.items() if permission in permissions]


def test_pages_say_what_the_code_says() -> None:
    assert [page.name for page, _ in outdated()] == [], "run manage.py reference"


def test_the_table_lists_the_work_of_the_clock() -> None:
    assert first_cells(REFERENCE / "messages.md", "What the clock starts") == list(DUE)
    periodic = {name: (queue, when) for name, queue, when, _ in table(REFERENCE / "messages.md", "Periodic work")}
    assert periodic == {name: (every.queue, str(every.when)) for name, every in EVERY.items()}


def test_the_table_lists_the_columns_of_extracts() -> None:
    assert sorted(first_cells(REFERENCE / "extracts.md", "Columns")) == sorted(COLUMNS)


def test_every_role_and_permission_is_in_the_tables_of_its_page() -> None:
    page = REFERENCE / "roles.md"
    permissions = set().union(*ROLES.values())

    assert first_cells(page, "Roles") == list(ROLES)
    named = {name.strip("`"): set(roles.split(", ")) for name, _, roles in table(page, "Permissions")}
    assert named == {name: {role for role in ROLES if name in ROLES[role]} for name in permissions}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE.read_text(), re.M))
    named = re.findall(r"(?:^|`)(?:[A-Z]+=\S+ )*make ([a-z][a-z-]*)(?=[\s`])", page.read_text(), re.M)
    assert set(named) <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def anchors(page: Path) -> set[str]:
    """What a link may name after its #: headings in lower case, without punctuation, with hyphens."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


SOURCES = ("cpm", "derms", "integration", "lec_sim", "templates", "tests")
CODE = [
    path
    for folder in SOURCES
    for kind in ("py", "sql", "html", "txt")
    for path in (PROJECT / folder).rglob(f"*.{kind}")
]
FOLDERS = {path.name for path in PROJECT.iterdir() if path.is_dir()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_files_and_functions_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`([\w-]+/[\w./-]*)`", page.read_text())
    kept = [name for name in named if name.split("/")[0] in FOLDERS and not name.startswith("docs/_build/")]
    assert [name for name in kept if not (PROJECT / name).exists()] == []

    for name, file in re.findall(r"`([\w.]+)`\s+in\s+`([\w./]+\.(?:py|sql))`", page.read_text()):
        found = [path for path in CODE if f"/{path.relative_to(PROJECT)}".endswith(f"/{file}")]
        assert any(name.rpartition(".")[2] in path.read_text() for path in found), f"{name} in {file}"


HOW_TO = [page for page in PAGES if page.parent.name == "how-to" or page.name == "tutorial.md"]


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_what_is_bold_in_a_how_to_is_written_so_on_the_pages(page: Path) -> None:
    pages = "".join(path.read_text() for path in CODE if "tests" not in path.parts)

    bold = {" ".join(words.split()) for words in re.findall(r"\*\*([^*]+)\*\*", page.read_text())}
    assert {words for words in bold if words not in pages} == set()


def test_the_licence_is_apache_2() -> None:
    text = (PROJECT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert 'license = "Apache-2.0"' in (PROJECT / "pyproject.toml").read_text()


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "dummy", str(PROJECT / "docs"), str(tmp_path)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (built.returncode, built.stderr) == (0, "")
