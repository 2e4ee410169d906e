"""The settings as mypy's Django plugin reads them: it needs the models, not the servers."""

import os

os.environ.setdefault("SECRET_KEY", "unused")
os.environ.setdefault("DATABASE_URL", "postgresql:///unused")
os.environ.setdefault("REDIS_URL", "redis://unused")

from integration.project.settings import *  # noqa: F403
