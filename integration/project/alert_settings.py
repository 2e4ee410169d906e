"""The settings of what raises an alert."""

import os

ANSWERS_EXPECTED_PCT = int(os.environ.get("ANSWERS_EXPECTED_PCT", "80"))
ANSWERS_EXPECTED_AFTER_S = int(os.environ.get("ANSWERS_EXPECTED_AFTER_S", "120"))
RESERVED_EXPECTED_PCT = int(os.environ.get("RESERVED_EXPECTED_PCT", "98"))
FORECAST_OLD_HOURS = int(os.environ.get("FORECAST_OLD_HOURS", "48"))
