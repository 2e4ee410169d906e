"""The names of the systems have one registry, and files that cannot read it agree with it."""

import tomllib

from integration.engines.state import PROJECT
from integration.seam.models import Delivery, Load, Message
from integration.seam.routes import ROUTES
from integration.seam.systems import System, label_of

PACKAGES = [system.package for system in System]


def test_tools_look_at_the_package_of_every_system() -> None:
    tools = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]
    contracts = {contract["name"].split(":")[0]: contract for contract in tools["importlinter"]["contracts"]}

    assert tools["mypy"]["packages"] == ["integration", *PACKAGES]
    assert tools["importlinter"]["root_packages"] == ["integration", *PACKAGES]
    assert contracts["The three systems never import each other"]["modules"] == PACKAGES
    assert " | ".join(PACKAGES) in contracts["The floors"]["layers"]
    assert contracts["Inside a system"]["containers"] == PACKAGES
    bandit = next(line for line in (PROJECT / "Makefile").read_text().splitlines() if "bandit" in line)
    assert bandit.endswith(" ".join(["integration", *PACKAGES]))


def test_a_message_arrives_in_the_inbox_of_its_receiver() -> None:
    for routes in ROUTES.values():
        for route in routes:
            for name in filter(None, (route.handler, route.prepare)):
                assert name.startswith(f"{route.receiver.package}.inbox.")


def test_a_name_fits_the_columns_and_an_unknown_one_is_shown_as_it_is() -> None:
    lengths = {model._meta.get_field(name).max_length for model, name in (
        (Message, "sender"), (Delivery, "receiver"), (Load, "receiver"),
    )}  # fmt: skip
    assert lengths == {40}
    assert all(len(system) <= 40 for system in System)
    assert label_of(System.LEC) == "LEC"
    assert label_of("a-system-that-was-replaced") == "a-system-that-was-replaced"
