"""The systems that send each other messages: one row each. Plain Python, used by every system."""

from enum import StrEnum
from typing import Self


class System(StrEnum):
    """A system by the name that messages, deliveries and loads carry; at most 40 characters.

    `label` is its name in lists, `full_name` in history and sentences; `package` is its Django app.
    """

    label: str
    full_name: str
    package: str

    DERMS = "derms", "DERMS", "DERMS", "derms"
    CPM = "cpm", "CPM", "CPM", "cpm"
    LEC = "lec", "LEC", "Live Energy Connect", "lec_sim"

    def __new__(cls, name: str, label: str, full_name: str, package: str) -> Self:
        member = str.__new__(cls, name)
        member._value_, member.label, member.full_name, member.package = name, label, full_name, package
        return member


class Outside(StrEnum):
    """Systems beyond this installation: a CPM that receives messages over HTTP, a DERMS that drops extracts."""

    label: str

    CPM = "external-cpm", "External CPM"
    DERMS = "external-derms", "External DERMS"

    def __new__(cls, name: str, label: str) -> Self:
        member = str.__new__(cls, name)
        member._value_, member.label = name, label
        return member


def label_of(name: str) -> str:
    """The label of the system with this name; the name itself if the system no longer exists."""
    systems: list[System | Outside] = [*System, *Outside]
    return {str(system): system.label for system in systems}.get(name, name)
