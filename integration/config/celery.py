"""The Celery application; its tasks stand in integration/tasks.py."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.config.settings")
app = Celery("gridcall")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
