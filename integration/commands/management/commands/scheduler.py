"""`manage.py scheduler`: one scheduler, until it is asked to stop."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from integration.project import monitoring
from integration.seam.scheduler import Scheduler


class Command(BaseCommand):
    help = "Run one scheduler: it publishes due work and does small work itself. You may start several."

    def handle(self, *args: Any, **options: Any) -> None:
        scheduler = Scheduler()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: scheduler.stop())
        monitoring.serve()
        scheduler.run()
