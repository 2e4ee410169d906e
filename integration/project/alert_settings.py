"""The settings of what raises an alert."""

import os

ANSWERS_EXPECTED_PCT = int(os.environ.get("ANSWERS_EXPECTED_PCT", "80"))
ANSWERS_EXPECTED_AFTER_S = int(os.environ.get("ANSWERS_EXPECTED_AFTER_S", "120"))
RESERVED_EXPECTED_PCT = int(os.environ.get("RESERVED_EXPECTED_PCT", "98"))
DELIVERED_EXPECTED_PCT = int(os.environ.get("DELIVERED_EXPECTED_PCT", "90"))
DELIVERED_OF_RESERVED_PCT = int(os.environ.get("DELIVERED_OF_RESERVED_PCT", "50"))
MISSING_HIGH_KW = int(os.environ.get("MISSING_HIGH_KW", "1000"))
MISSING_MEDIUM_KW = int(os.environ.get("MISSING_MEDIUM_KW", "100"))
FORECAST_OLD_HOURS = int(os.environ.get("FORECAST_OLD_HOURS", "48"))
