"""The settings for mypy's Django plugin, which needs the models but not the servers."""

import os

os.environ.setdefault("SECRET_KEY", "unused" * 6)
os.environ.setdefault("DATABASE_URL", "postgresql:///unused")
os.environ.setdefault("REDIS_URL", "redis://unused")

from integration.project.settings import *  # noqa: F403
