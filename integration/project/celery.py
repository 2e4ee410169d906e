"""The Celery application; its tasks are in integration/seam/tasks.py."""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.project.settings")
app = Celery("gridcall")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def watch(**kwargs: Any) -> None:
    """Serve METRICS_PORT before the worker connects to the broker, so that /readyz can report a missing broker."""
    from . import monitoring

    monitoring.serve()
