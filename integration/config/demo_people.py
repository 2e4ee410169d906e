"""Who signs in to the demo utility: one invented person per role, and one without any."""

from typing import NamedTuple

from .roles import ADMINISTRATOR, APPROVER, BALANCE_AUTHORITY, CSR, OPERATOR, PROGRAM_MANAGER

PASSWORD = "gridcall-demo-2026"  # noqa: S105  (printed at every start of the demo)


class Person(NamedTuple):
    username: str
    role: str
    does: str


PEOPLE = [
    Person("olive.operator", OPERATOR, "plans, submits and cancels events"),
    Person("oscar.operator", OPERATOR, "a second operator, to meet Olive at the same event"),
    Person("ada.approver", APPROVER, "approves or denies what others submitted"),
    Person("bela.balance", BALANCE_AUTHORITY, "gives the second approval where the MW ask for it"),
    Person("cora.csr", CSR, "finds a customer, schedules unavailability, opts a device out"),
    Person("pia.manager", PROGRAM_MANAGER, "looks after programs, program events and participation"),
    Person("adam.admin", ADMINISTRATOR, "users, roles, parameters, messages"),
    Person("nora.nobody", "", "has no role, and sees what a stranger sees"),
]
