"""One event from plan to outcomes, by whatever role DATABASE_URL names; run by test_database_roles.py."""

import os
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.project.settings")
django.setup()


def main() -> None:
    from derms import operations
    from derms.models import Event
    from integration.console.roles import APPROVER, OPERATOR
    from integration.seam import clock, sealing
    from integration.seam.settling import settle
    from tests import factories, walk

    now = clock.now()
    zone = factories.zone()
    factories.forecast(zone, now)
    program = factories.program()
    factories.fleet(zone, program, 20, since=now - timedelta(days=30))
    strategy = factories.strategy(zone, program)
    olive, ada = factories.person("olive", OPERATOR), factories.person("ada", APPROVER)
    details = operations.EventDetails(name="Heat peak")
    starts_at = now + timedelta(hours=2)
    event = operations.create_event(by=olive, now=now, details=details, strategy_id=strategy.pk, starts_at=starts_at)
    walk.to("Scheduled", event, operator=olive, approver=ada, now=now)
    for stage in event.stages.all():
        walk.run(stage)
    settle()
    sealing.seal_history(now=now)
    found = Event.objects.get(pk=event.pk)
    sys.stdout.write(f"{found.state} {sealing.tampered()} {found.stages.get().outcomes}\n")


if __name__ == "__main__":
    main()
