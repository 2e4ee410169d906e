"""The web process."""

import os
import sys

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.project.settings")
# A page must not wait 5 ms, Python's own interval, for an export's thread each time the database has answered.
sys.setswitchinterval(0.001)
django = get_asgi_application()

from integration.project.web import Web  # noqa: E402  (needs the settings)

application = Web(django)
