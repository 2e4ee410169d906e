"""An alert when somebody becomes an approver, an administrator or a superuser: two people should know of it."""

from collections.abc import Collection

from integration.seam.alert_rows import Priority
from integration.seam.alerts import raise_alert
from integration.seam.recorded import recorded

from .roles import ADMINISTRATOR, APPROVER

WATCHED = {APPROVER, ADMINISTRATOR}
SUPERUSER = "superuser"
GIVEN = recorded("%(by)s gave %(person)s the role %(role)s")


def report_given_roles(person: str, before: Collection[str], after: Collection[str], *, by: str) -> None:
    """Raise an alert for each watched role, by their names, that the person did not have before."""
    for role in sorted((set(after) - set(before)) & {*WATCHED, SUPERUSER}):
        raise_alert(
            f"role:{person}:{role}",
            kind="role given",
            priority=Priority.HIGH,
            text=GIVEN(by=by, person=person, role=role),
        )
