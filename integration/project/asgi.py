"""The web process."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.project.settings")
django = get_asgi_application()

from integration.project.web import Web  # noqa: E402  (needs the settings)

application = Web(django)
