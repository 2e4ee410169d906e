"""Whether the demo's people, whose password everybody can read, can sign in where it matters."""

from datetime import datetime

from django.conf import settings

from integration.console.models import User
from integration.seam.alerts import close_alert, raise_alert
from integration.seam.models import Priority
from integration.seam.recorded import DEMO_PASSWORD

from .sign_ins import PASSWORD, PEOPLE

KEY = "demo passwords"


def report_demo_passwords(*, now: datetime) -> None:
    """Raise an alert, outside a demo, while somebody of the demo still has its password; close it when nobody has."""
    names = [person.username for person in PEOPLE]
    people = User.objects.filter(username__in=names, is_active=True).order_by("username")
    found = [] if settings.DEMO else [one.username for one in people if one.check_password(PASSWORD)]
    if not found:
        close_alert(KEY)
        return
    raise_alert(
        KEY,
        kind="demo password",
        priority=Priority.HIGH,
        text=DEMO_PASSWORD(people=", ".join(found)),
    )
