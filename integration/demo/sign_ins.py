"""The people who can sign in to the demo utility: an invented person per role, and one without a role."""

from typing import NamedTuple

from integration.console.roles import ADMINISTRATOR, APPROVER, BALANCE_AUTHORITY, CSR, OPERATOR, PROGRAM_MANAGER

PASSWORD = "gridcall-demo-2026"  # noqa: S105  (printed at every start of the demo)


class Person(NamedTuple):
    username: str
    role: str
    does: str


PEOPLE = [
    Person("olive.operator", OPERATOR, "plans, submits and cancels events"),
    Person("oscar.operator", OPERATOR, "a second operator"),
    Person("ada.approver", APPROVER, "approves or denies others' events"),
    Person("bela.balance", BALANCE_AUTHORITY, "approves large events as the second person"),
    Person("cora.csr", CSR, "finds customers, schedules unavailability, opts out"),
    Person("pia.manager", PROGRAM_MANAGER, "programs and their events"),
    Person("paul.manager", PROGRAM_MANAGER, "a second program manager, who approves settlements"),
    Person("adam.admin", ADMINISTRATOR, "users, roles, event types, messages"),
    Person("nora.nobody", "", "sees what a person without a role sees"),
]


def sign_ins() -> dict[str, object]:
    """What the sign-in page of a demo shows (settings.DEMO_SIGN_INS)."""
    return {"people": PEOPLE, "password": PASSWORD}
